import { StorageError } from "#lib/errors.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import { readBytesIfThere, writeAtomically } from "#lib/results/storage.ts";

/** Where encoded data sets lie, from the project's folder. */
export const ENCODED_FOLDER = ".cache/encoded";

/** Raise it where a file's layout changes, or texts are encoded otherwise by the same tokenizer. */
const VERSION = 1;
const MAGIC = 0x31_43_4e_45;
/** Magic, number of lists, number of ids. */
const HEADER_WORDS = 3;
/** Bytes of the digest at the end. */
const DIGEST_BYTES = 16;

export interface EncodedCacheOptions {
  /** Default `ENCODED_FOLDER`. */
  readonly folder?: string;
  /** Told what cannot be read or kept: the lists are made anew, or not kept. */
  readonly say?: (message: string) => void;
}

/**
 * Lists of ids that are made once: kept in a file named by the digest of all that decides them.
 *
 * A file that is damaged, or a folder that cannot be written, only costs the time of making the lists.
 *
 * @param key what decides the lists: digests of the tokenizer and the data, and the template
 */
export async function encodedOnce(
  key: readonly string[],
  make: () => number[][],
  { folder = ENCODED_FOLDER, say }: EncodedCacheOptions = {},
): Promise<number[][]> {
  const path = `${folder}/${digestOfJson([VERSION, ...key])}.bin`;
  const known = await lists(path, say);
  if (known !== undefined) return known;
  const made = make();
  try {
    await writeAtomically(path, packed(made));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    say?.(`encoded texts are not kept: ${error.message}`);
  }
  return made;
}

async function lists(path: string, say?: (message: string) => void): Promise<number[][] | undefined> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  try {
    bytes = await readBytesIfThere(path);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    say?.(`encoded texts are not read: ${error.message}`);
  }
  if (bytes === undefined) return undefined;
  const unpackedLists = unpacked(bytes);
  if (unpackedLists === undefined) say?.(`${path}: damaged; the texts are encoded anew`);
  return unpackedLists;
}

/** Header, the length of each list, the ids of all, and the digest of those bytes. */
function packed(idLists: readonly (readonly number[])[]): Uint8Array {
  const count = idLists.reduce((sum, { length }) => sum + length, 0);
  const words = new Uint32Array(HEADER_WORDS + idLists.length + count);
  words.set([MAGIC, idLists.length, count]);
  let at = HEADER_WORDS;
  for (const { length } of idLists) words[at++] = length;
  for (const ids of idLists) {
    words.set(ids, at);
    at += ids.length;
  }
  const bytes = new Uint8Array(words.byteLength + DIGEST_BYTES);
  bytes.set(new Uint8Array(words.buffer));
  bytes.set(new TextEncoder().encode(digestOf(bytes.subarray(0, words.byteLength))), words.byteLength);
  return bytes;
}

/** The lists of a file; undefined where it is not as it was written. */
function unpacked(bytes: Uint8Array<ArrayBuffer>): number[][] | undefined {
  const length = bytes.length - DIGEST_BYTES;
  if (length < 4 * HEADER_WORDS || length % 4 !== 0) return undefined;
  const digest = new TextDecoder().decode(bytes.subarray(length));
  if (digest !== digestOf(bytes.subarray(0, length))) return undefined;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length / 4);
  const [magic, listCount] = words;
  if (magic !== MAGIC) return undefined;
  const idLists: number[][] = [];
  let at = HEADER_WORDS + listCount;
  for (let i = 0; i < listCount; i++) {
    const end = at + words[HEADER_WORDS + i];
    idLists.push(Array.from(words.subarray(at, end)));
    at = end;
  }
  return idLists;
}

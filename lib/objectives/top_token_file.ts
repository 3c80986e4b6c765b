import { eventCount } from "#kernels/lump/lump.ts";
import { StorageError } from "#lib/errors.ts";
import { digestOf } from "#lib/results/digest.ts";
import { FileLock } from "#lib/results/file_lock.ts";
import { isFile, removeIfThere, storageErrorOf, type StoragePlace } from "#lib/results/storage.ts";

const FORMAT = "top tokens 1";
/** One line of JSON, filled up with spaces. */
const HEADER_BYTES = 256;
/** Hexadecimal digits behind each text, of what stands before them. */
const DIGEST_BYTES = 16;
const FLOAT_BYTES = 4;
/** Ids below this take two bytes. */
const SHORT_IDS = 2 ** 16;

const PLACE: StoragePlace = {
  kept: "the texts that the teacher has read are kept",
  instead: "run a copy of the project on another disk",
};

/** What a file of the teacher's likeliest tokens holds. */
export interface TopTokenLayout {
  /** The digest of all that decides the numbers, of 16 hexadecimal digits. */
  readonly key: string;
  /** K of V. */
  readonly count: number;
  readonly vocabSize: number;
  /** Response tokens of each text, in the order in which texts lie in the file. */
  readonly lengths: readonly number[];
}

/** Of the n response states of a text. */
export interface TopTokenRows {
  /** `"n K"`, ascending in each row */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** `"n E"`: log-probabilities of these, and of any other token where K is below V */
  readonly logProbs: Float32Array<ArrayBuffer>;
}

/** Bytes of a whole file: for each state K ids of two bytes, or four in a vocabulary over 65,536, and K + 1 numbers of four. */
export function topTokenBytes(layout: TopTokenLayout): number {
  return layout.lengths.reduce((sum, length) => sum + textBytes(layout, length), HEADER_BYTES);
}

function textBytes({ count, vocabSize }: TopTokenLayout, length: number): number {
  return length * (count * idBytes(vocabSize) + eventCount(count, vocabSize) * FLOAT_BYTES) + DIGEST_BYTES;
}

function idBytes(vocabSize: number): number {
  return vocabSize <= SHORT_IDS ? 2 : 4;
}

/** Where a file lies while it is not whole. */
export function partOf(path: string): string {
  return `${path}.part`;
}

/** Reads a file that is whole, a text at a time. */
export class TopTokenFile {
  readonly #path: string;
  readonly #layout: TopTokenLayout;
  readonly #starts: readonly number[];

  private constructor(path: string, layout: TopTokenLayout) {
    [this.#path, this.#layout, this.#starts] = [path, layout, startsOf(layout)];
  }

  /** @throws {StorageError} if the file is not there, or not as it was written */
  static async open(path: string, layout: TopTokenLayout): Promise<TopTokenFile> {
    const { size } = await onDisk(path, "read", () => Deno.stat(path));
    const [header] = await bytesAt(path, [{ start: 0, bytes: HEADER_BYTES }]);
    if (size !== topTokenBytes(layout) || !areEqual(header, headerOf(layout))) throw damaged(path);
    return new TopTokenFile(path, layout);
  }

  /**
   * @param texts places in the order of the file
   * @throws {StorageError} if one is not as it was written
   */
  async read(texts: readonly number[]): Promise<TopTokenRows[]> {
    const { lengths } = this.#layout;
    const ranges = texts.map((text) => ({ start: this.#starts[text], bytes: textBytes(this.#layout, lengths[text]) }));
    return (await bytesAt(this.#path, ranges)).map((bytes, i) => {
      const rows = unpacked(bytes, this.#layout, lengths[texts[i]]);
      if (rows === undefined) throw damaged(this.#path);
      return rows;
    });
  }
}

/**
 * Writes a file from its first text to its last. What it has written lies in a part file, from which the next one goes on, however the
 * process ended: texts that are not as they were written are dropped. One process at a time writes a file.
 */
export class TopTokenWriter implements Disposable {
  readonly #path: string;
  readonly #layout: TopTokenLayout;
  readonly #lock: FileLock;
  #done = 0;

  private constructor(path: string, layout: TopTokenLayout, lock: FileLock) {
    [this.#path, this.#layout, this.#lock] = [path, layout, lock];
  }

  /**
   * @param stop ends the wait for another process that writes the file
   * @returns undefined where the file is whole
   * @throws {StorageError} where it cannot be written
   */
  static async open(path: string, layout: TopTokenLayout, stop: AbortSignal): Promise<TopTokenWriter | undefined> {
    if (isFile(path)) return undefined;
    const lock = await FileLock.acquire(partOf(path), stop, PLACE);
    if (isFile(path)) {
      // Another process has made it meanwhile.
      lock[Symbol.dispose]();
      await removeIfThere(partOf(path));
      return undefined;
    }
    const writer = new TopTokenWriter(path, layout, lock);
    try {
      await writer.#goOn();
    } catch (error) {
      lock[Symbol.dispose]();
      throw await storageErrorOf(error, partOf(path), "written", PLACE);
    }
    return writer;
  }

  /** How many texts are there. */
  get done(): number {
    return this.#done;
  }

  /** Bytes that are still to be written. */
  get missingBytes(): number {
    const { lengths } = this.#layout;
    return lengths.slice(this.#done).reduce((sum, length) => sum + textBytes(this.#layout, length), 0);
  }

  /** Drops texts but the first ones. */
  async keepFirst(texts: number): Promise<void> {
    this.#done = Math.min(this.#done, texts);
    const start = startsOf(this.#layout)[this.#done];
    await onDisk(partOf(this.#path), "written", async () => {
      await this.#lock.file.truncate(start);
      await this.#lock.file.seek(start, Deno.SeekMode.Start);
    });
  }

  /** Adds the next texts. @throws {StorageError} where the disk is full */
  async append(texts: readonly TopTokenRows[]): Promise<void> {
    await onDisk(partOf(this.#path), "written", async () => {
      for (const text of texts) await writeAll(this.#lock.file, packed(text, this.#layout));
    });
    this.#done += texts.length;
  }

  /** Gives the file its name. @throws {RangeError} if texts are missing */
  async finish(): Promise<void> {
    const { lengths } = this.#layout;
    if (this.#done < lengths.length) {
      throw new RangeError(`Cannot finish ${this.#path}: it has ${this.#done} of ${lengths.length} texts`);
    }
    await onDisk(this.#path, "written", async () => {
      await this.#lock.file.sync();
      await Deno.rename(partOf(this.#path), this.#path);
    });
  }

  /** Lets another process go on. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** Finds the texts that are as they were written, from the first on. */
  async #goOn(): Promise<void> {
    const { file } = this.#lock;
    const header = headerOf(this.#layout);
    if (areEqual(await readUpTo(file, HEADER_BYTES), header)) {
      for (const length of this.#layout.lengths) {
        const bytes = await readUpTo(file, textBytes(this.#layout, length));
        if (unpacked(bytes, this.#layout, length) === undefined) break;
        this.#done++;
      }
    } else {
      await file.truncate(0);
      await file.seek(0, Deno.SeekMode.Start);
      await writeAll(file, header);
    }
    await this.keepFirst(this.#done);
  }
}

function headerOf({ key, count, vocabSize, lengths }: TopTokenLayout): Uint8Array<ArrayBuffer> {
  const states = lengths.reduce((sum, length) => sum + length, 0);
  const line = JSON.stringify({ format: FORMAT, key, count, vocabSize, texts: lengths.length, states });
  return new TextEncoder().encode(`${line.padEnd(HEADER_BYTES - 1)}\n`);
}

/** Where each text begins, and the end. */
function startsOf(layout: TopTokenLayout): number[] {
  const starts = [HEADER_BYTES];
  for (const length of layout.lengths) starts.push(starts.at(-1)! + textBytes(layout, length));
  return starts;
}

function packed({ ids, logProbs }: TopTokenRows, { vocabSize }: TopTokenLayout): Uint8Array<ArrayBuffer> {
  const words = idBytes(vocabSize) === 2 ? Uint16Array.from(ids) : ids;
  const content = new Uint8Array(words.byteLength + logProbs.byteLength + DIGEST_BYTES);
  content.set(new Uint8Array(logProbs.buffer, logProbs.byteOffset, logProbs.byteLength));
  content.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), logProbs.byteLength);
  const end = content.length - DIGEST_BYTES;
  content.set(new TextEncoder().encode(digestOf(content.subarray(0, end))), end);
  return content;
}

/** The rows of a text; undefined where its bytes are not as they were written. */
function unpacked(
  content: Uint8Array<ArrayBuffer>,
  layout: TopTokenLayout,
  length: number,
): TopTokenRows | undefined {
  const { count, vocabSize } = layout;
  if (content.length !== textBytes(layout, length)) return undefined;
  const end = content.length - DIGEST_BYTES;
  if (new TextDecoder().decode(content.subarray(end)) !== digestOf(content.subarray(0, end))) return undefined;
  const floats = length * eventCount(count, vocabSize);
  // Copied, since they need not begin where numbers of four bytes may.
  const logProbs = new Float32Array(content.slice(0, FLOAT_BYTES * floats).buffer);
  const words = content.slice(FLOAT_BYTES * floats, end).buffer;
  return {
    logProbs,
    ids: idBytes(vocabSize) === 2 ? Uint32Array.from(new Uint16Array(words)) : new Uint32Array(words),
  };
}

async function bytesAt(
  path: string,
  ranges: readonly { readonly start: number; readonly bytes: number }[],
): Promise<Uint8Array<ArrayBuffer>[]> {
  return await onDisk(path, "read", async () => {
    using file = await Deno.open(path);
    const read: Uint8Array<ArrayBuffer>[] = [];
    for (const { start, bytes } of ranges) {
      await file.seek(start, Deno.SeekMode.Start);
      read.push(await readUpTo(file, bytes));
    }
    return read;
  });
}

/** So many bytes, or those that are left. */
async function readUpTo(file: Deno.FsFile, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  let at = 0;
  while (at < count) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

async function onDisk<Result>(path: string, access: "read" | "written", act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw await storageErrorOf(error, path, access, PLACE);
  }
}

function damaged(path: string): StorageError {
  return new StorageError(`${path}: not as it was written; delete it, and the next run asks the teacher again`);
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

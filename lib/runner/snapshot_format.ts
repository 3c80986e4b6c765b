import { DamagedFileError, InputError } from "#lib/errors.ts";
import { createHash } from "node:crypto";
import type { TypedArray } from "#kernels/runtime/gpu.ts";
import { bytesOf, safeTensorsHead, type WrittenTensor } from "#lib/models/safetensors.ts";
import { headerLength, LENGTH_BYTES, METADATA, parseWholeHeader } from "#lib/models/safetensors_header.ts";
import type { Snapshot, UnreadSnapshot } from "#lib/training/checkpoint.ts";
import type { FilePieces } from "#lib/results/storage.ts";
import type { SavedPart } from "#lib/training/resumable.ts";

/**
 * Files of snapshots: safetensors, which any language reads. A tensor `PART/ARRAY` holds each array, F32 or U32; `__metadata__` holds, as
 * JSON, the `header` (what the snapshot belongs to) and the `snapshot` (step and values of the parts). Its first entry, `sha256`, is that
 * of the whole file with these 64 digits as zeros, so that a file that is not as it was written is found, whatever byte it is.
 */

/** A snapshot and what it belongs to, which is anything that JSON holds. */
export interface SnapshotContent {
  readonly header: unknown;
  readonly snapshot: Snapshot;
}

/** How every file goes on after the 8 bytes that tell the length of the safetensors header. */
const PREFIX = '{"__metadata__":{"sha256":"';
const DIGEST_START = 8 + PREFIX.length;
const NO_DIGEST = "0".repeat(64);

/** Where a snapshot's bytes go. */
export interface SnapshotSink {
  /** Adds bytes at the end. */
  write(bytes: Uint8Array): Promise<void>;
  /** Puts bytes in place of others. */
  replace(at: number, bytes: Uint8Array): Promise<void>;
}

/** What is read at once of a file to take its digest. */
const CHUNK_BYTES = 2 ** 24;

/**
 * Writes a snapshot's file, array by array. Equal arguments give equal bytes. Numbers come back to the bit, -0 too.
 *
 * @throws {RangeError} if the name of a part has a slash, or the values or the header hold what JSON does not: NaN, infinities,
 * undefined in a list
 */
export async function writeSnapshot(
  sink: SnapshotSink,
  { step, parts }: UnreadSnapshot,
  header: unknown,
): Promise<void> {
  const tensors = new Map<string, WrittenTensor>();
  const values: Record<string, unknown> = {};
  for (const [part, saved] of Object.entries(parts)) {
    if (part.includes("/")) throw new RangeError(`Cannot keep part ${part}: its name has a slash`);
    values[part] = saved.values;
    for (const [name, { dtype, length }] of Object.entries(saved.arrays)) {
      tensors.set(`${part}/${name}`, { dtype: dtype === "f32" ? "F32" : "U32", shape: [length] });
    }
  }
  const digest = createHash("sha256");
  const write = async (bytes: Uint8Array) => {
    digest.update(bytes);
    await sink.write(bytes);
  };
  await write(safeTensorsHead(tensors, {
    sha256: NO_DIGEST,
    header: formatJson(header),
    snapshot: formatJson({ step, values }),
  }));
  for (const { arrays } of Object.values(parts)) {
    for (const array of Object.values(arrays)) await write(bytesOf(await array.read()));
  }
  await sink.replace(DIGEST_START, new TextEncoder().encode(digest.digest("hex")));
}

/**
 * The snapshot of a file.
 *
 * @param path names the file in messages
 * @throws {DamagedFileError} if these are not the bytes that were written, all of them
 */
export async function readSnapshot(file: FilePieces, path: string): Promise<SnapshotContent> {
  const start = await file.read(0, Math.min(file.length, DIGEST_START + NO_DIGEST.length));
  if (textOf(start, 8, DIGEST_START) !== PREFIX) {
    throw new DamagedFileError(`${path}: damaged: it does not begin as a checkpoint does`);
  }
  const recorded = textOf(start, DIGEST_START, DIGEST_START + NO_DIGEST.length);
  if (await digestOf(file) !== recorded) {
    throw new DamagedFileError(`${path}: damaged: its ${file.length} bytes are not those that were written (SHA-256)`);
  }
  try {
    return await parse(file, path);
  } catch (error) {
    // Whole, but of another program.
    if (error instanceof InputError || error instanceof SyntaxError) throw new DamagedFileError(error.message);
    throw error;
  }
}

/** SHA-256 of a file with its own digits as zeros. */
async function digestOf(file: FilePieces): Promise<string> {
  const digest = createHash("sha256");
  for (let at = 0; at < file.length; at += CHUNK_BYTES) {
    const bytes = await file.read(at, Math.min(CHUNK_BYTES, file.length - at));
    if (at === 0) bytes.fill(0x30, DIGEST_START, DIGEST_START + NO_DIGEST.length);
    digest.update(bytes);
  }
  return digest.digest("hex");
}

async function parse(file: FilePieces, path: string): Promise<SnapshotContent> {
  const dataStart = LENGTH_BYTES + headerLength(await file.read(0, LENGTH_BYTES), file.length, path);
  const head = await file.read(LENGTH_BYTES, dataStart - LENGTH_BYTES);
  const entries = parseWholeHeader(head, file.length - dataStart, path);
  const metadata = JSON.parse(textOf(head, 0, head.length))[METADATA];
  const { step, values } = JSON.parse(metadata.snapshot) as { step: number; values: Record<string, unknown> };
  const parts: [name: string, part: SavedPart][] = [];
  for (const [part, own] of Object.entries(values)) {
    const arrays: [name: string, array: TypedArray][] = [];
    for (const { name, dtype, begin, end } of entries.filter(({ name }) => name.startsWith(`${part}/`))) {
      const { buffer } = await file.read(dataStart + begin, end - begin);
      arrays.push([name.slice(part.length + 1), dtype === "U32" ? new Uint32Array(buffer) : new Float32Array(buffer)]);
    }
    parts.push([part, { values: own, arrays: Object.fromEntries(arrays) }]);
  }
  return { header: JSON.parse(metadata.header), snapshot: { step, parts: Object.fromEntries(parts) } };
}

/** What TypeScript does not know of yet: a number as this text. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON that reads back as the same value: by itself it makes 0 of -0, and null of what it does not have. */
function formatJson(value: unknown): string {
  return JSON.stringify(value, function (this: unknown, key: string, each: unknown) {
    if (Object.is(each, -0)) return rawJSON("-0");
    const isLost = typeof each === "number" ? !Number.isFinite(each) : each === undefined && Array.isArray(this);
    if (isLost) throw new RangeError(`Cannot keep ${key}: JSON has no ${each}`);
    return each;
  });
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end));
}

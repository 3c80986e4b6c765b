import { DamagedFileError, InputError } from "#lib/errors.ts";
import { SafeTensorsFile, serializeSafeTensors, type TensorValues } from "#lib/models/safetensors.ts";
import type { Snapshot } from "#lib/training/checkpoint.ts";

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

/**
 * The bytes of a snapshot's file. Equal arguments give equal bytes. Numbers come back to the bit, -0 too.
 *
 * @throws {RangeError} if the name of a part has a slash, or the values or the header hold what JSON does not: NaN, infinities,
 * undefined in a list
 */
export async function encodeSnapshot(
  { step, parts }: Snapshot,
  header: unknown,
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = new Map<string, { shape: readonly number[]; data: TensorValues }>();
  const values: Record<string, unknown> = {};
  for (const [part, saved] of Object.entries(parts)) {
    if (part.includes("/")) throw new RangeError(`Cannot keep part ${part}: its name has a slash`);
    values[part] = saved.values;
    for (const [name, data] of Object.entries(saved.arrays)) {
      tensors.set(`${part}/${name}`, { shape: [data.length], data });
    }
  }
  const bytes = serializeSafeTensors(tensors, {
    sha256: NO_DIGEST,
    header: formatJson(header),
    snapshot: formatJson({ step, values }),
  });
  bytes.set(new TextEncoder().encode(await sha256(bytes)), DIGEST_START);
  return bytes;
}

/**
 * The snapshot of a file's bytes.
 *
 * @param path names the file in messages
 * @throws {DamagedFileError} if these are not the bytes that were written, all of them
 */
export async function decodeSnapshot(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<SnapshotContent> {
  const isOurs = textOf(bytes, 8, DIGEST_START) === PREFIX;
  if (!isOurs) throw new DamagedFileError(`${path}: damaged: it does not begin as a checkpoint does`);
  const recorded = textOf(bytes, DIGEST_START, DIGEST_START + NO_DIGEST.length);
  const blank = bytes.slice();
  blank.fill(0x30, DIGEST_START, DIGEST_START + NO_DIGEST.length);
  if (await sha256(blank) !== recorded) {
    throw new DamagedFileError(`${path}: damaged: its ${bytes.length} bytes are not those that were written (SHA-256)`);
  }
  try {
    return parse(SafeTensorsFile.parse(bytes, path), bytes);
  } catch (error) {
    // Whole, but of another program.
    if (error instanceof InputError || error instanceof SyntaxError) throw new DamagedFileError(error.message);
    throw error;
  }
}

function parse(file: SafeTensorsFile, bytes: Uint8Array<ArrayBuffer>): SnapshotContent {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const metadata = JSON.parse(textOf(bytes, 8, 8 + length)).__metadata__;
  const { step, values } = JSON.parse(metadata.snapshot) as { step: number; values: Record<string, unknown> };
  const parts = Object.entries(values).map(([part, own]) => {
    const names = file.names.filter((name) => name.startsWith(`${part}/`));
    const arrays = names.map((name) => [
      name.slice(part.length + 1),
      file.get(name).dtype === "U32" ? file.u32(name) : file.f32(name),
    ]);
    return [part, { values: own, arrays: Object.fromEntries(arrays) }];
  });
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

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

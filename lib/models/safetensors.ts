import { InputError } from "#lib/errors.ts";

/**
 * The safetensors format: a header's length (u64), the header (JSON: name → dtype, shape, data_offsets), the tensors' bytes
 * without holes. All numbers are little-endian, as they are on every platform that WebGPU runs on.
 */

const BYTES_PER_ELEMENT = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type SafeTensorDType = keyof typeof BYTES_PER_ELEMENT;

/** The header's limit in the format's own implementation. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const METADATA = "__metadata__";

/** A tensor as stored: `bytes` is a view into the file, row-major, little-endian. */
export interface SafeTensor {
  readonly dtype: SafeTensorDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A safetensors file in memory; every tensor lies within it and has the size that its shape and dtype say. */
export class SafeTensorsFile {
  /** In the order of their bytes. */
  readonly names: readonly string[];
  readonly #path: string;
  readonly #tensors: ReadonlyMap<string, SafeTensor>;

  private constructor(path: string, tensors: ReadonlyMap<string, SafeTensor>) {
    this.#path = path;
    this.#tensors = tensors;
    this.names = [...tensors.keys()];
  }

  /** @throws {InputError} if there is no such file, or as `parse` does */
  static async read(path: string): Promise<SafeTensorsFile> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw new InputError(`${path}: no such file`);
      if (error instanceof Deno.errors.IsADirectory) throw new InputError(`${path}: a folder, not a safetensors file`);
      throw error;
    }
    return SafeTensorsFile.parse(bytes, path);
  }

  /**
   * Takes over the bytes of a file.
   *
   * @param path names the file in messages
   * @throws {InputError} naming file and tensor, if the bytes are no whole and consistent safetensors file
   */
  static parse(bytes: Uint8Array<ArrayBuffer>, path: string): SafeTensorsFile {
    const { header, data } = splitFile(bytes, path);
    const entries = parseHeader(header, path).sort((a, b) => a.begin - b.begin || a.end - b.end);
    const tensors = new Map<string, SafeTensor>();
    let end = 0;
    for (const entry of entries) {
      const where = `${path}: tensor ${entry.name}`;
      if (entry.begin !== end) {
        const problem = entry.begin < end ? "overlaps the one before, which ends" : "leaves a hole after byte";
        throw new InputError(`${where} begins at byte ${entry.begin} and ${problem} at ${end}; the file is damaged`);
      }
      if (entry.end > data.length) {
        throw new InputError(`${where} ends at byte ${entry.end} of ${data.length}: the file is truncated`);
      }
      end = entry.end;
      tensors.set(entry.name, {
        dtype: entry.dtype,
        shape: entry.shape,
        bytes: data.subarray(entry.begin, entry.end),
      });
    }
    if (end !== data.length) {
      throw new InputError(`${path}: ${data.length - end} bytes after the last tensor; the file is damaged`);
    }
    return new SafeTensorsFile(path, tensors);
  }

  /** @throws {InputError} with the nearest names, if there is no such tensor */
  get(name: string): SafeTensor {
    const tensor = this.#tensors.get(name);
    if (tensor) return tensor;
    const nearest = nearestNames(name, this.names);
    const hint = nearest.length > 0 ? `; the nearest are ${nearest.join(", ")}` : "; it has none at all";
    throw new InputError(`${this.#path}: no tensor ${name}${hint}`);
  }

  /**
   * A copy of the values as float32; F16 and BF16 convert exactly.
   *
   * @throws {InputError} if there is no such tensor, or it is neither F32, F16 nor BF16
   */
  f32(name: string): Float32Array<ArrayBuffer> {
    const { dtype, bytes } = this.get(name);
    const { buffer } = bytes.slice();
    if (dtype === "F32") return new Float32Array(buffer);
    if (dtype === "F16") return new Float32Array(new Float16Array(buffer));
    // A bfloat16 is the upper half of a float32.
    if (dtype === "BF16") return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (b) => b << 16).buffer);
    throw new InputError(`${this.#path}: tensor ${name} is ${dtype} but must be F32, F16 or BF16`);
  }

  /**
   * A copy of the values as uint32.
   *
   * @throws {InputError} if there is no such tensor, or it is not U32
   */
  u32(name: string): Uint32Array<ArrayBuffer> {
    const { dtype, bytes } = this.get(name);
    if (dtype !== "U32") throw new InputError(`${this.#path}: tensor ${name} is ${dtype} but must be U32`);
    return new Uint32Array(bytes.slice().buffer);
  }

  /**
   * A copy of the values as int32.
   *
   * @throws {InputError} if there is no such tensor, it is neither I32 nor I64, or a value does not fit
   */
  i32(name: string): Int32Array<ArrayBuffer> {
    const { dtype, bytes } = this.get(name);
    const { buffer } = bytes.slice();
    if (dtype === "I32") return new Int32Array(buffer);
    if (dtype !== "I64") throw new InputError(`${this.#path}: tensor ${name} is ${dtype} but must be I32 or I64`);
    return Int32Array.from(new BigInt64Array(buffer), (value) => {
      if (BigInt.asIntN(32, value) === value) return Number(value);
      throw new InputError(`${this.#path}: tensor ${name} holds ${value}, which does not fit 32 bits`);
    });
  }
}

/** The arrays that can be written, as F32, I32 and U32. */
export type TensorValues = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * The bytes of a safetensors file with these tensors in the order given. Equal arguments give equal bytes.
 *
 * @param metadata texts of the header, such as `{ format: "pt" }`, which transformers asks for
 * @throws {RangeError} if a tensor's data does not have the size of its shape
 */
export function serializeSafeTensors(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: TensorValues }>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  // Joined by hand, because an object would put names that look like numbers first.
  const fields = metadata ? [`"${METADATA}":${JSON.stringify(metadata)}`] : [];
  let dataBytes = 0;
  for (const [name, { shape, data }] of tensors) {
    if (name === METADATA || elementCount(shape) !== data.length) {
      throw new RangeError(`Cannot write tensor ${name} of shape [${shape}] with ${data.length} values`);
    }
    const dtype = data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U32";
    const data_offsets = [dataBytes, dataBytes + data.byteLength];
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    dataBytes += data.byteLength;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  file.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

interface HeaderEntry {
  readonly name: string;
  readonly dtype: SafeTensorDType;
  readonly shape: readonly number[];
  /** First byte and byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

function splitFile(bytes: Uint8Array<ArrayBuffer>, path: string) {
  if (bytes.length < LENGTH_BYTES) {
    throw new InputError(`${path}: ${bytes.length} bytes are too few for a safetensors file; it is truncated`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new InputError(
      `${path}: oversized header of ${length} bytes, the limit is ${MAX_HEADER_BYTES}; this is no safetensors file`,
    );
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > bytes.length) {
    throw new InputError(
      `${path}: the header has ${length} bytes but only ${bytes.length - LENGTH_BYTES} follow; the file is truncated`,
    );
  }
  return { header: bytes.subarray(LENGTH_BYTES, dataStart), data: bytes.subarray(dataStart) };
}

function parseHeader(header: Uint8Array, path: string): HeaderEntry[] {
  let text: string;
  let object: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(header);
    object = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: the header is not JSON (${(error as Error).message}); this is no safetensors file`);
  }
  if (!isObject(object)) throw new InputError(`${path}: the header must be a JSON object of tensors`);
  const duplicate = firstDuplicate(topLevelKeys(text));
  if (duplicate !== undefined) throw new InputError(`${path}: the header names tensor ${duplicate} twice`);
  return Object.entries(object)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => parseEntry(name, entry, `${path}: tensor ${name}`));
}

function parseEntry(name: string, entry: unknown, where: string): HeaderEntry {
  const { dtype, shape, data_offsets } = isObject(entry) ? entry : {};
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES_PER_ELEMENT, dtype)) {
    const known = Object.keys(BYTES_PER_ELEMENT).join(", ");
    throw new InputError(`${where} has dtype ${JSON.stringify(dtype)} but must have one of ${known}`);
  }
  if (!isSizes(shape)) {
    throw new InputError(`${where} has shape ${JSON.stringify(shape)} but must have a list of sizes`);
  }
  if (!isSizes(data_offsets) || data_offsets.length !== 2 || data_offsets[0] > data_offsets[1]) {
    throw new InputError(
      `${where} has data_offsets ${JSON.stringify(data_offsets)} but must have [first byte, byte after the last]`,
    );
  }
  const [begin, end] = data_offsets;
  const expected = elementCount(shape) * BYTES_PER_ELEMENT[dtype as SafeTensorDType];
  if (end - begin !== expected) {
    throw new InputError(`${where} has ${end - begin} bytes but ${dtype} [${shape}] takes ${expected}`);
  }
  return { name, dtype: dtype as SafeTensorDType, shape, begin, end };
}

/** The keys of a JSON object's text, repeated ones too: JSON.parse keeps only the last of them. */
function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":")) keys.push(JSON.parse(token.slice(0, -1)));
  }
  return keys;
}

function firstDuplicate(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** Up to three names of the least edit distance, nearest first. */
function nearestNames(name: string, names: readonly string[]): string[] {
  return names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance: the fewest insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j] + (a[i] === b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[b.length];
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

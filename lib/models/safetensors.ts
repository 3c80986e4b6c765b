import { elementCount } from "#kernels/runtime/tensor.ts";
import { editDistance } from "#lib/edit_distance.ts";
import { InputError } from "#lib/errors.ts";
import { headerLength, LENGTH_BYTES, METADATA, parseWholeHeader, type SafeTensorDType } from "./safetensors_header.ts";

/**
 * The safetensors format: a header's length (u64), the header (JSON: name → dtype, shape, data_offsets), the tensors' bytes
 * without holes. All numbers are little-endian, as they are on every platform that WebGPU runs on.
 */

/** The tensors' bytes begin at a multiple of this. */
const ALIGNMENT = 8;

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
    const dataStart = LENGTH_BYTES + headerLength(bytes.subarray(0, LENGTH_BYTES), bytes.length, path);
    const data = bytes.subarray(dataStart);
    const entries = parseWholeHeader(bytes.subarray(LENGTH_BYTES, dataStart), data.length, path);
    const tensors = new Map(entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { dtype, shape, bytes: data.subarray(begin, end) },
    ]));
    return new SafeTensorsFile(path, tensors);
  }

  /** @throws {InputError} with the nearest names, if there is no such tensor */
  get(name: string): SafeTensor {
    const tensor = this.#tensors.get(name);
    if (tensor) return tensor;
    throw new InputError(`${this.#path}: no tensor ${name}; ${nearestTo(name, this.names)}`);
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

/** A tensor that is to be written. */
export interface WrittenTensor {
  readonly dtype: "F32" | "I32" | "U32";
  readonly shape: readonly number[];
}

/**
 * What a safetensors file with these tensors begins with; their bytes follow, in the order given.
 *
 * @param metadata texts of the header, such as `{ format: "pt" }`, which transformers asks for
 */
export function safeTensorsHead(
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  // Joined by hand, because an object would put names that look like numbers first.
  const fields = metadata ? [`"${METADATA}":${JSON.stringify(metadata)}`] : [];
  let dataBytes = 0;
  for (const [name, { dtype, shape }] of tensors) {
    if (name === METADATA) throw new RangeError(`Cannot write tensor ${name}: the name is the metadata's`);
    const data_offsets = [dataBytes, dataBytes + 4 * elementCount(shape)];
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    dataBytes = data_offsets[1];
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const head = new Uint8Array(LENGTH_BYTES + headerBytes);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.fill(0x20, LENGTH_BYTES);
  head.set(json, LENGTH_BYTES);
  return head;
}

/** Tensors and their values, in their order. */
export type TensorsWithValues = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: TensorValues }>;

/**
 * The bytes of a safetensors file with these tensors in the order given, piece by piece. Equal arguments give equal bytes.
 *
 * @throws {RangeError} if a tensor's data does not have the size of its shape
 */
export function* safeTensorsPieces(
  tensors: TensorsWithValues,
  metadata?: Readonly<Record<string, string>>,
): Generator<Uint8Array<ArrayBuffer>> {
  const written = new Map<string, WrittenTensor>();
  for (const [name, { shape, data }] of tensors) {
    if (elementCount(shape) !== data.length) {
      throw new RangeError(`Cannot write tensor ${name} of shape [${shape}] with ${data.length} values`);
    }
    written.set(name, { dtype: dtypeOf(data), shape });
  }
  yield safeTensorsHead(written, metadata);
  for (const { data } of tensors.values()) yield bytesOf(data);
}

/** The same as one. */
export function serializeSafeTensors(
  tensors: TensorsWithValues,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const pieces = [...safeTensorsPieces(tensors, metadata)];
  const file = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

function dtypeOf(data: TensorValues): WrittenTensor["dtype"] {
  return data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U32";
}

/** The bytes of values, not copied. */
export function bytesOf(data: TensorValues): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What else there is, for a message: up to three names of the least edit distance, nearest first. */
export function nearestTo(name: string, names: readonly string[]): string {
  if (names.length === 0) return "it has none at all";
  const nearest = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
  return `the nearest are ${nearest.join(", ")}`;
}

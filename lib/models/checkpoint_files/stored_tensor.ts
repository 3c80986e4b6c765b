import { elementCount } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";
import { BYTES_PER_ELEMENT, type SafeTensorDType } from "../safetensors_header.ts";

/** A tensor in a file, whose values are read piece by piece. */
export interface StoredTensor {
  /** The file that holds it. */
  readonly path: string;
  readonly name: string;
  readonly dtype: SafeTensorDType;
  readonly shape: readonly number[];
  /**
   * Fills `bytes` with the elements from number `first` on, row-major and little-endian.
   *
   * @throws {InputError} if the file ends before
   */
  readInto(first: number, bytes: Uint8Array): void;
}

/** Tensors by name, and the files that they lie in. */
export interface TensorFiles extends Disposable {
  /** The file, or the index of several: for messages about what none of them has. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Bytes of a tensor that are in memory at a time: enough that disks and the GPU's queue are busy, and no more. */
const PIECE_BYTES = 1 << 22;

/** Rows of a tensor as float32. The values are overwritten by the next piece. */
export interface FloatPiece {
  readonly firstRow: number;
  readonly rows: number;
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * All values in blocks of rows, the first axis; F16 and BF16 convert exactly.
 *
 * @throws {InputError} if it is of another type
 */
export function* floatPieces(tensor: StoredTensor): Generator<FloatPiece> {
  requireFloats(tensor);
  const [rows = 1, ...rest] = tensor.shape;
  const columns = elementCount(rest);
  const most = Math.max(1, Math.floor(PIECE_BYTES / (Float32Array.BYTES_PER_ELEMENT * columns)));
  const values = new Float32Array(Math.min(rows, most) * columns);
  const stored = new Uint8Array(values.length * BYTES_PER_ELEMENT[tensor.dtype]);
  for (let firstRow = 0; firstRow < rows; firstRow += most) {
    const count = Math.min(most, rows - firstRow);
    const piece = values.subarray(0, count * columns);
    const bytes = stored.subarray(0, piece.length * BYTES_PER_ELEMENT[tensor.dtype]);
    tensor.readInto(firstRow * columns, bytes);
    convert(tensor.dtype, bytes, piece);
    yield { firstRow, rows: count, values: piece };
  }
}

/** All values at once, for what is small. */
export function floatsOf(tensor: StoredTensor): Float32Array<ArrayBuffer> {
  const values = new Float32Array(elementCount(tensor.shape));
  const columns = elementCount(tensor.shape.slice(1));
  for (const piece of floatPieces(tensor)) values.set(piece.values, piece.firstRow * columns);
  return values;
}

/** Whether two tensors have one shape and, as float32, the same values. */
export function haveEqualValues(a: StoredTensor, b: StoredTensor): boolean {
  if (a.shape.join() !== b.shape.join()) return false;
  const others = floatPieces(b);
  for (const { values } of floatPieces(a)) {
    const other = (others.next().value as FloatPiece).values;
    if (!values.every((value, i) => Object.is(value, other[i]))) return false;
  }
  return true;
}

function requireFloats({ path, name, dtype }: StoredTensor): void {
  if (dtype === "F32" || dtype === "F16" || dtype === "BF16") return;
  throw new InputError(
    `${path}: tensor ${name} is ${dtype} but must be F32, F16 or BF16; weights that are quantised are not read`,
  );
}

function convert(dtype: SafeTensorDType, bytes: Uint8Array<ArrayBuffer>, values: Float32Array<ArrayBuffer>): void {
  const { buffer, byteOffset } = bytes;
  if (dtype === "F32") values.set(new Float32Array(buffer, byteOffset, values.length));
  else if (dtype === "F16") values.set(new Float16Array(buffer, byteOffset, values.length));
  else {
    // A bfloat16 is the upper half of a float32.
    const halves = new Uint16Array(buffer, byteOffset, values.length);
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < words.length; i++) words[i] = halves[i] << 16;
  }
}

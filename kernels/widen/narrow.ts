/** The forms in which weights that do not learn are kept: 16 bits, or 8 with one scale for each row. */
export const NARROW_FORMS = ["f16", "bf16", "int8"] as const;
export type NarrowForm = typeof NARROW_FORMS[number];

/** Numbers in fewer bits, as the GPU keeps them. */
export interface NarrowValues {
  /** The numbers one after another, the first in the lowest bits of the first word. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** One a row, of `int8` alone. */
  readonly scales?: Float32Array<ArrayBuffer>;
}

/**
 * Rounds numbers to a form. `f16` and `bf16` round to the nearest, ties to the even one, as PyTorch does; `int8` is q · scale with scale =
 * largest |x| of the row / 127 and q = x / scale rounded, so that a number is off by scale / 2 at most.
 *
 * @param rowSize numbers of a row; the count is a multiple of it
 * @throws {RangeError} if a number is infinite or none, or becomes infinite in the form
 */
export function narrow(values: Float32Array, rowSize: number, form: NarrowForm): NarrowValues {
  const odd = values.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw new RangeError(`Cannot keep ${values[odd]} as ${form}`);
  if (form === "int8") return toInt8(values, rowSize);
  const bits = form === "f16" ? toF16(values) : toBf16(values);
  return { words: wordsOf(new Uint8Array(bits.buffer)) };
}

function toF16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Float16Array(values);
  const lost = halves.findIndex((value) => !Number.isFinite(value));
  if (lost >= 0) throw new RangeError(`Cannot keep ${values[lost]} as f16, which ends at 65504`);
  return new Uint16Array(halves.buffer);
}

function toBf16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  // Half a unit of what stays, and one less where that makes a tie go to the even number.
  return Uint16Array.from(bits, (word) => (word + 0x7fff + (word >>> 16 & 1)) >>> 16);
}

function toInt8(values: Float32Array, rowSize: number): NarrowValues {
  const scales = new Float32Array(values.length / rowSize);
  const bytes = new Int8Array(values.length);
  for (let row = 0; row < scales.length; row++) {
    const numbers = values.subarray(row * rowSize, (row + 1) * rowSize);
    let largest = 0;
    for (const value of numbers) largest = Math.max(largest, Math.abs(value));
    scales[row] = largest / 127;
    if (largest === 0) continue;
    numbers.forEach((value, i) => bytes[row * rowSize + i] = Math.round(value / scales[row]));
  }
  return { words: wordsOf(new Uint8Array(bytes.buffer)), scales };
}

/** Bytes as whole words, the last one filled up with zeros. */
function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  if (bytes.length % 4 === 0) return new Uint32Array(bytes.buffer);
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return new Uint32Array(whole.buffer);
}

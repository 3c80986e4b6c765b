/** Sizes of a tensor's axes, outermost first; row-major. */
export type Shape = readonly number[];

/** What a tensor holds; both take four bytes an element. */
export type DType = "f32" | "u32";

export const BYTES_PER_ELEMENT = 4;

/** A row-major array on the GPU: a window of `shape` elements into `buffer`, from byte `offset`. */
export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sizeBytes(shape: Shape): number {
  return elementCount(shape) * BYTES_PER_ELEMENT;
}

/** Bindings end on a `vec4f` boundary; every buffer and parameter is padded at least that far. */
const BINDING_ALIGNMENT = 16;

/** The bytes that a kernel may read and write of a tensor: its elements, and the padding behind them. */
export function bindingSize({ shape }: Pick<Tensor, "shape">): number {
  return Math.max(BINDING_ALIGNMENT, Math.ceil(sizeBytes(shape) / BINDING_ALIGNMENT) * BINDING_ALIGNMENT);
}

/** The same elements under another shape of equal count. */
export function reshape(tensor: Tensor, shape: Shape): Tensor {
  if (elementCount(shape) !== elementCount(tensor.shape)) {
    throw new RangeError(`Cannot reshape [${tensor.shape}] to [${shape}]: the element counts differ`);
  }
  return { ...tensor, shape };
}

/** The sizes of a tensor's axes, outermost first; tensors are row-major. */
export type Shape = readonly number[];

/** The type of a tensor's elements; both take four bytes. */
export type DType = "f32" | "u32";

export const BYTES_PER_ELEMENT = 4;

/** A row-major array on the GPU: the elements of `shape` in `buffer`, from byte `offset`. */
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

/** The bytes of a tensor that a kernel may read and write: its elements, and the padding after them. */
export function bindingSize({ shape }: Pick<Tensor, "shape">): number {
  return Math.max(BINDING_ALIGNMENT, Math.ceil(sizeBytes(shape) / BINDING_ALIGNMENT) * BINDING_ALIGNMENT);
}

/** The same elements in another shape of the same size. */
export function reshape(tensor: Tensor, shape: Shape): Tensor {
  if (elementCount(shape) !== elementCount(tensor.shape)) {
    throw new RangeError(`Cannot reshape [${tensor.shape}] to [${shape}]: the element counts differ`);
  }
  return { ...tensor, shape };
}

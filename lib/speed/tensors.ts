import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount, type Shape, type Tensor } from "#kernels/runtime/tensor.ts";

/** A tensor of numbers from -0.5 to 0.5, the same every time. */
export function ramp(gpu: Gpu, shape: Shape): Tensor {
  const values = new Float32Array(elementCount(shape));
  for (let i = 0; i < values.length; i++) values[i] = (i % 257) / 256 - 0.5;
  return gpu.upload(values, shape);
}

/** The disposal of a work that has these tensors. */
export function disposing(gpu: Gpu, tensors: readonly Tensor[]): Disposable {
  return { [Symbol.dispose]: () => releaseAll(gpu, tensors) };
}

export function releaseAll(gpu: Gpu, tensors: Iterable<Tensor | undefined>): void {
  for (const tensor of tensors) if (tensor) gpu.release(tensor);
}

import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import wgsl from "./accumulate.wgsl" with { type: "text" };

const accumulateKernel = defineElementwise("accumulate", wgsl);

/** `sums` += `terms`, in place; both have the same element count. The tape adds gradients with it. */
export function accumulate(gpu: Gpu, sums: Tensor, terms: Tensor): void {
  const count = elementCount(sums.shape);
  if (count !== elementCount(terms.shape)) {
    throw new RangeError(`Cannot accumulate [${terms.shape}] into [${sums.shape}]: the element counts differ`);
  }
  gpu.dispatch(accumulateKernel, {
    bindings: { sums, terms },
    params: { count },
    ...elementwiseGrid(gpu, Math.ceil(count / 4)),
  });
}

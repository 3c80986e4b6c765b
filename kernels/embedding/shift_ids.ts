import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import wgsl from "./shift_ids.wgsl" with { type: "text" };

const kernel = defineElementwise("shiftIds", wgsl);

/** Every id (u32, of any shape) plus an offset: rows of a table whose first ones stand for something else. */
export function shiftIds(gpu: Gpu, ids: Tensor, offset: number): Tensor {
  const shifted = gpu.allocate(ids.shape, "u32");
  const vecs = Math.ceil(elementCount(ids.shape) / 4);
  gpu.dispatch(kernel, { bindings: { ids, shifted }, params: { vecs, offset }, ...elementwiseGrid(gpu, vecs) });
  return shifted;
}

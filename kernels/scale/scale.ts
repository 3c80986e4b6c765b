import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import { scaleReference } from "./scale_reference.ts";
import wgsl from "./scale.wgsl" with { type: "text" };

const kernel = defineElementwise("scale", wgsl);

export interface ScaleAttrs {
  readonly factor: number;
}

/** factor · x, elementwise. */
export const scale: Op<"x", ScaleAttrs> = {
  name: "scale",
  axes: { x: "*", out: "*" },
  differentiable: ["x"],
  forward: (gpu, { x }, { factor }) => ({ out: multiplied(gpu, x, factor), saved: {} }),
  backward: (gpu, dOut, { attrs: { factor } }) => ({ x: multiplied(gpu, dOut, factor) }),
  reference: scaleReference,
};

function multiplied(gpu: Gpu, x: Tensor, factor: number): Tensor {
  const vecs = Math.ceil(elementCount(x.shape) / 4);
  const out = gpu.allocate(x.shape);
  gpu.dispatch(kernel, { bindings: { x, out }, params: { vecs, factor }, ...elementwiseGrid(gpu, vecs) });
  return out;
}

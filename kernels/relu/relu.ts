import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import { elementCount } from "../runtime/tensor.ts";
import { reluReference } from "./relu_reference.ts";
import wgsl from "./relu.wgsl" with { type: "text" };

const forwardKernel = defineElementwise("relu", wgsl, "forward");
const backwardKernel = defineElementwise("relu.dX", wgsl, "backward");

/** The rectifier max(x, 0), elementwise; its gradient at 0 is 0. */
export const relu: Op<"x", Record<never, never>> = {
  name: "relu",
  axes: { x: "*", out: "*" },
  differentiable: ["x"],

  forward(gpu, { x }) {
    const vecs = Math.ceil(elementCount(x.shape) / 4);
    const out = gpu.allocate(x.shape);
    gpu.dispatch(forwardKernel, { bindings: { x, out }, params: { vecs }, ...elementwiseGrid(gpu, vecs) });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { x } }) {
    const vecs = Math.ceil(elementCount(x.shape) / 4);
    const dX = gpu.allocate(x.shape);
    gpu.dispatch(backwardKernel, { bindings: { x, dOut, dX }, params: { vecs }, ...elementwiseGrid(gpu, vecs) });
    return { x: dX };
  },

  reference: reluReference,
};

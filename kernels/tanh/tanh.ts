import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import { elementCount } from "../runtime/tensor.ts";
import { tanhReference } from "./tanh_reference.ts";
import wgsl from "./tanh.wgsl" with { type: "text" };

const forwardKernel = defineElementwise("tanh", wgsl, "forward");
const backwardKernel = defineElementwise("tanh.dX", wgsl, "backward");

/** The hyperbolic tangent, elementwise. Backward needs its result only. */
export const tanh: Op<"x", Record<never, never>> = {
  name: "tanh",
  axes: { x: "*", out: "*" },
  differentiable: ["x"],

  forward(gpu, { x }) {
    const vecs = Math.ceil(elementCount(x.shape) / 4);
    const out = gpu.allocate(x.shape);
    gpu.dispatch(forwardKernel, { bindings: { x, out }, params: { vecs }, ...elementwiseGrid(gpu, vecs) });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { out }) {
    const vecs = Math.ceil(elementCount(dOut.shape) / 4);
    const dX = gpu.allocate(dOut.shape);
    gpu.dispatch(backwardKernel, {
      bindings: { savedOut: out, dOut, dX },
      params: { vecs },
      ...elementwiseGrid(gpu, vecs),
    });
    return { x: dX };
  },

  reference: tanhReference,
};

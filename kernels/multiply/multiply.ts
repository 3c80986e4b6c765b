import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import { multiplyReference } from "./multiply_reference.ts";
import wgsl from "./multiply.wgsl" with { type: "text" };

const kernel = defineElementwise("multiply", wgsl);

/** x · y, element by element. */
export const multiply: Op<"x" | "y", Record<never, never>> = {
  name: "multiply",
  axes: { x: "*", y: "*", out: "*" },
  differentiable: ["x", "y"],

  forward(gpu, { x, y }) {
    return { out: productOf(gpu, x, y), saved: {} };
  },

  backward(gpu, dOut, { inputs: { x, y }, wanted }) {
    return {
      ...(wanted.has("x") && { x: productOf(gpu, dOut, y) }),
      ...(wanted.has("y") && { y: productOf(gpu, dOut, x) }),
    };
  },

  reference: multiplyReference,
};

function productOf(gpu: Gpu, x: Tensor, y: Tensor): Tensor {
  const vecs = Math.ceil(elementCount(x.shape) / 4);
  const out = gpu.allocate(x.shape);
  gpu.dispatch(kernel, { bindings: { x, y, out }, params: { vecs }, ...elementwiseGrid(gpu, vecs) });
  return out;
}

import type { Op } from "../../op.ts";
import { defineElementwise, dispatchElementwise } from "../../runtime/elementwise.ts";
import type { Gpu } from "../../runtime/gpu.ts";
import type { Tensor } from "../../runtime/tensor.ts";
import wgsl from "./multiply.wgsl" with { type: "text" };

const kernel = defineElementwise("multiply", wgsl);

/** x · y, element by element. */
export const multiply: Op<"x" | "y", Record<never, never>> = {
  name: "multiply",
  axes: { x: "*", y: "*", out: "*" },
  differentiable: ["x", "y"],
  forward: (gpu, { x, y }) => ({ out: productOf(gpu, x, y), saved: {} }),
  backward: (gpu, dOut, { inputs: { x, y }, wanted }) => ({
    ...(wanted.has("x") && { x: productOf(gpu, dOut, y) }),
    ...(wanted.has("y") && { y: productOf(gpu, dOut, x) }),
  }),
  reference: ({ x, y }) => ({ shape: x.shape, data: x.data.map((value, i) => value * y.data[i]) }),
};

function productOf(gpu: Gpu, x: Tensor, y: Tensor): Tensor {
  return dispatchElementwise(gpu, kernel, x.shape, { x, y }, "out");
}

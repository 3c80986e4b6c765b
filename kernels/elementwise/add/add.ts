import type { Op } from "../../op.ts";
import { defineElementwise, dispatchElementwise } from "../../runtime/elementwise.ts";
import type { Gpu } from "../../runtime/gpu.ts";
import type { Tensor } from "../../runtime/tensor.ts";
import wgsl from "./add.wgsl" with { type: "text" };

const forwardKernel = defineElementwise("add", wgsl, "forward");
const backwardKernel = defineElementwise("add.dX", wgsl, "backward");

export interface AddAttrs {
  readonly xScale: number;
  readonly yScale: number;
}

/** xScale · x + yScale · y, elementwise; with both scales 1 it is x + y to the bit. */
export const add: Op<"x" | "y", AddAttrs> = {
  name: "add",
  axes: { x: "*", y: "*", out: "*" },
  differentiable: ["x", "y"],

  forward(gpu, { x, y }, { xScale, yScale }) {
    return { out: dispatchElementwise(gpu, forwardKernel, x.shape, { x, y }, "out", { xScale, yScale }), saved: {} };
  },

  backward(gpu, dOut, { attrs: { xScale, yScale }, wanted }) {
    return {
      x: wanted.has("x") ? scaled(gpu, dOut, xScale) : undefined,
      y: wanted.has("y") ? scaled(gpu, dOut, yScale) : undefined,
    };
  },

  reference: ({ x, y }, { xScale, yScale }) => ({
    shape: x.shape,
    data: x.data.map((value, i) => xScale * value + yScale * y.data[i]),
  }),
};

function scaled(gpu: Gpu, dOut: Tensor, scale: number): Tensor {
  if (scale === 1) return dOut;
  return dispatchElementwise(gpu, backwardKernel, dOut.shape, { dOut }, "dX", { xScale: scale, yScale: 0 });
}

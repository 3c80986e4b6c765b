import type { Op } from "../../op.ts";
import { defineElementwise, dispatchElementwise } from "../../runtime/elementwise.ts";
import type { Gpu } from "../../runtime/gpu.ts";
import type { Tensor } from "../../runtime/tensor.ts";
import wgsl from "./scale.wgsl" with { type: "text" };

const kernel = defineElementwise("scale", wgsl);

export interface ScaleAttrs {
  readonly factor: number;
}

/** factor · x, elementwise. Its gradient is computed by the same kernel: dX = factor · dOut. */
export const scale: Op<"x", ScaleAttrs> = {
  name: "scale",
  axes: { x: "*", out: "*" },
  differentiable: ["x"],
  forward: (gpu, { x }, { factor }) => ({ out: scaled(gpu, x, factor), saved: {} }),
  backward: (gpu, dOut, { attrs: { factor } }) => ({ x: scaled(gpu, dOut, factor) }),
  reference: ({ x }, { factor }) => ({ shape: x.shape, data: x.data.map((value) => factor * value) }),
};

function scaled(gpu: Gpu, x: Tensor, factor: number): Tensor {
  return dispatchElementwise(gpu, kernel, x.shape, { x }, "out", { factor });
}

import { defineColumnKernel, sumShares } from "../column_sum/column_kernel.ts";
import { totalOf } from "../column_sum/column_sum.ts";
import type { Op } from "../op.ts";
import { defineRowKernel, dispatchRows } from "../runtime/row_kernel.ts";
import wgsl from "./rms_norm.wgsl" with { type: "text" };
import { rmsNormReference } from "./rms_norm_reference.ts";
import weightWgsl from "./rms_norm_weight.wgsl" with { type: "text" };

const forwardKernel = defineRowKernel("rmsNorm", wgsl, "forward");
const backwardXKernel = defineRowKernel("rmsNorm.dX", wgsl, "backwardX");
const backwardWeightKernel = defineColumnKernel("rmsNorm.dWeight", weightWgsl);

export interface RmsNormAttrs {
  /** Added to the mean square. */
  readonly eps: number;
}

/** Root-mean-square normalisation (Zhang & Sennrich 2019): x / sqrt(mean_C(x²) + eps) · weight. */
export const rmsNorm: Op<"x" | "weight", RmsNormAttrs, "inverseRms"> = {
  name: "rmsNorm",
  axes: { x: "N C", weight: "C", out: "N C" },
  differentiable: ["x", "weight"],

  forward(gpu, { x, weight }, { eps }) {
    const [rows, size] = x.shape;
    const out = gpu.allocate(x.shape);
    const inverseRms = gpu.allocate([rows]);
    dispatchRows(gpu, forwardKernel, x.shape, { x, weight, out, inverseRms }, { size, eps });
    return { out, saved: { inverseRms } };
  },

  backward(gpu, dOut, { inputs: { x, weight }, saved: { inverseRms: savedInverseRms }, wanted }) {
    const dX = wanted.has("x") ? gpu.allocate(x.shape) : undefined;
    if (dX) {
      const bindings = { x, weight, dOut, savedInverseRms, dX };
      dispatchRows(gpu, backwardXKernel, x.shape, bindings, { size: x.shape[1], eps: 0 });
    }
    if (!wanted.has("weight")) return { x: dX };
    const { dWeight } = sumShares(gpu, backwardWeightKernel, x.shape, { x, dOut, savedInverseRms }, ["dWeight"]);
    return { x: dX, weight: totalOf(gpu, dWeight) };
  },

  reference: rmsNormReference,
};

import { defineColumnKernel, sumShares } from "../column_sum/column_kernel.ts";
import { totalOf } from "../column_sum/column_sum.ts";
import type { Op } from "../op.ts";
import { defineRowKernel, dispatchRows } from "../runtime/row_kernel.ts";
import wgsl from "./rms_norm.wgsl" with { type: "text" };
import { rmsNormReference } from "./rms_norm_reference.ts";
import weightWgsl from "./rms_norm_weight.wgsl" with { type: "text" };

const plainKernels = defineNorm("rmsNorm", wgsl);
const offsetKernels = defineNorm("rmsNorm.offset", wgsl.replaceAll("loadWeight(c)", "(1.0 + loadWeight(c))"));
const backwardWeightKernel = defineColumnKernel("rmsNorm.dWeight", weightWgsl);

function defineNorm(name: string, text: string) {
  return {
    forward: defineRowKernel(name, text, "forward"),
    backwardX: defineRowKernel(`${name}.dX`, text, "backwardX"),
  };
}

export interface RmsNormAttrs {
  /** Added to the mean square. */
  readonly eps: number;
  /** What is added to the weights: 1 where they are kept as their distance from 1, as Gemma's are. Default 0. */
  readonly offset?: 0 | 1;
}

const kernelsOf = (offset: 0 | 1) => offset === 1 ? offsetKernels : plainKernels;

/** Root-mean-square normalisation (Zhang & Sennrich 2019): x / sqrt(mean_C(x²) + eps) · (offset + weight). */
export const rmsNorm: Op<"x" | "weight", RmsNormAttrs, "inverseRms"> = {
  name: "rmsNorm",
  axes: { x: "N C", weight: "C", out: "N C" },
  differentiable: ["x", "weight"],

  forward(gpu, { x, weight }, { eps, offset = 0 }) {
    const [rows, size] = x.shape;
    const out = gpu.allocate(x.shape);
    const inverseRms = gpu.allocate([rows]);
    dispatchRows(gpu, kernelsOf(offset).forward, x.shape, { x, weight, out, inverseRms }, { size, eps });
    return { out, saved: { inverseRms } };
  },

  backward(gpu, dOut, { inputs: { x, weight }, saved: { inverseRms: savedInverseRms }, attrs, wanted }) {
    const dX = wanted.has("x") ? gpu.allocate(x.shape) : undefined;
    if (dX) {
      const bindings = { x, weight, dOut, savedInverseRms, dX };
      dispatchRows(gpu, kernelsOf(attrs.offset ?? 0).backwardX, x.shape, bindings, { size: x.shape[1], eps: 0 });
    }
    if (!wanted.has("weight")) return { x: dX };
    const { dWeight } = sumShares(gpu, backwardWeightKernel, x.shape, { x, dOut, savedInverseRms }, ["dWeight"]);
    return { x: dX, weight: totalOf(gpu, dWeight) };
  },

  reference: rmsNormReference,
};

import { defineColumnKernel, sumShares } from "../column_sum/column_kernel.ts";
import { totalOf } from "../column_sum/column_sum.ts";
import type { Op } from "../op.ts";
import { defineRowKernel, dispatchRows } from "../runtime/row_kernel.ts";
import { layerNormReference } from "./layer_norm_reference.ts";
import wgsl from "./layer_norm.wgsl" with { type: "text" };
import weightWgsl from "./layer_norm_weight.wgsl" with { type: "text" };

const forwardKernel = defineRowKernel("layerNorm", wgsl, "forward");
const backwardXKernel = defineRowKernel("layerNorm.dX", wgsl, "backwardX");
const backwardWeightKernel = defineColumnKernel("layerNorm.dWeight", weightWgsl);

export interface LayerNormAttrs {
  /** Added to the variance. */
  readonly eps: number;
}

/**
 * Layer normalisation (Ba et al. 2016): (x − mean) / sqrt(variance + eps) · weight + bias, row by row, with the biased
 * variance, as in PyTorch.
 */
export const layerNorm: Op<"x" | "weight" | "bias", LayerNormAttrs, "mean" | "inverseDeviation"> = {
  name: "layerNorm",
  axes: { x: "N C", weight: "C", bias: "C", out: "N C" },
  differentiable: ["x", "weight", "bias"],

  forward(gpu, { x, weight, bias }, { eps }) {
    const [rows, size] = x.shape;
    const out = gpu.allocate(x.shape);
    const [mean, inverseDeviation] = [gpu.allocate([rows]), gpu.allocate([rows])];
    const bindings = { x, weight, bias, out, means: mean, inverses: inverseDeviation };
    dispatchRows(gpu, forwardKernel, x.shape, bindings, { size, eps });
    return { out, saved: { mean, inverseDeviation } };
  },

  backward(gpu, dOut, { inputs: { x, weight }, saved, wanted }) {
    const statistics = { savedMeans: saved.mean, savedInverses: saved.inverseDeviation };
    const dX = wanted.has("x") ? gpu.allocate(x.shape) : undefined;
    if (dX) {
      const bindings = { x, weight, dOut, dX, ...statistics };
      dispatchRows(gpu, backwardXKernel, x.shape, bindings, { size: x.shape[1], eps: 0 });
    }
    if (!wanted.has("weight") && !wanted.has("bias")) return { x: dX };
    const names = ["dWeight", "dBias"] as const;
    const shares = sumShares(gpu, backwardWeightKernel, x.shape, { x, dOut, ...statistics }, names);
    const [weightGradient, biasGradient] = names.map((name) => totalOf(gpu, shares[name]));
    for (const [name, gradient] of [["weight", weightGradient], ["bias", biasGradient]] as const) {
      if (!wanted.has(name)) gpu.release(gradient);
    }
    return {
      x: dX,
      weight: wanted.has("weight") ? weightGradient : undefined,
      bias: wanted.has("bias") ? biasGradient : undefined,
    };
  },

  reference: layerNormReference,
};

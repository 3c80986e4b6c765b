import { columnSum, partsOfRows } from "../column_sum/column_sum.ts";
import type { Named, Op } from "../op.ts";
import { blockSizeOf, defineBlockKernel } from "../runtime/block_kernel.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import { layerNormReference } from "./layer_norm_reference.ts";
import wgsl from "./layer_norm.wgsl" with { type: "text" };

const text = workgroupWgsl + wgsl;
const forwardKernel = defineBlockKernel("layerNorm", text, "forward");
const backwardXKernel = defineBlockKernel("layerNorm.dX", text, "backwardX");
const backwardWeightKernel = defineBlockKernel("layerNorm.dWeight", text, "backwardWeight");

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
    const blockSize = blockSizeOf(size);
    const out = gpu.allocate(x.shape);
    const mean = gpu.allocate([rows]);
    const inverseDeviation = gpu.allocate([rows]);
    gpu.dispatch(forwardKernel[blockSize], {
      bindings: { x, weight, bias, out, means: mean, inverses: inverseDeviation },
      params: { rows, width: size / blockSize, size, eps, parts: 0 },
      workgroups: rows,
    });
    return { out, saved: { mean, inverseDeviation } };
  },

  backward(gpu, dOut, { inputs: { x, weight }, saved, wanted }) {
    const [rows, size] = x.shape;
    const blockSize = blockSizeOf(size);
    let dX: Tensor | undefined;
    if (wanted.has("x")) {
      dX = gpu.allocate(x.shape);
      gpu.dispatch(backwardXKernel[blockSize], {
        bindings: { x, weight, savedMeans: saved.mean, savedInverses: saved.inverseDeviation, dOut, dX },
        params: { rows, width: size / blockSize, size, eps: 0, parts: 0 },
        workgroups: rows,
      });
    }
    return {
      x: dX,
      weight: wanted.has("weight") ? weightGradient(gpu, x, dOut, saved) : undefined,
      bias: wanted.has("bias") ? columnSum(gpu, dOut) : undefined,
    };
  },

  reference: layerNormReference,
};

function weightGradient(gpu: Gpu, x: Tensor, dOut: Tensor, saved: Named<"mean" | "inverseDeviation", Tensor>): Tensor {
  const [rows, size] = x.shape;
  const blockSize = blockSizeOf(size);
  const width = size / blockSize;
  const parts = partsOfRows(rows);
  const dWeightParts = gpu.allocate([parts, size]);
  gpu.dispatch(backwardWeightKernel[blockSize], {
    bindings: { x, savedMeans: saved.mean, savedInverses: saved.inverseDeviation, dOut, dWeightParts },
    params: { rows, width, size, eps: 0, parts },
    workgroups: [Math.ceil(width / gpu.tuning.rowWorkgroup), parts],
  });
  const dWeight = columnSum(gpu, dWeightParts);
  gpu.release(dWeightParts);
  return dWeight;
}

import { columnSum, partsOfRows } from "../column_sum/column_sum.ts";
import type { Op } from "../op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import wgsl from "./rms_norm.wgsl" with { type: "text" };
import { rmsNormReference } from "./rms_norm_reference.ts";

const text = workgroupWgsl + wgsl;
const forwardKernel = defineKernel("rmsNorm", text, "forward");
const backwardXKernel = defineKernel("rmsNorm.dX", text, "backwardX");
const backwardWeightKernel = defineKernel("rmsNorm.dWeight", text, "backwardWeight");

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
    gpu.dispatch(forwardKernel, {
      bindings: { x, weight, out, inverseRms },
      params: { rows, size, eps, parts: 0 },
      workgroups: rows,
    });
    return { out, saved: { inverseRms } };
  },

  backward(gpu, dOut, { inputs: { x, weight }, saved, attrs: { eps }, wanted }) {
    const [rows, size] = x.shape;
    const savedInverseRms = saved.inverseRms;
    let dX: Tensor | undefined;
    if (wanted.has("x")) {
      dX = gpu.allocate(x.shape);
      gpu.dispatch(backwardXKernel, {
        bindings: { x, weight, dOut, savedInverseRms, dX },
        params: { rows, size, eps, parts: 0 },
        workgroups: rows,
      });
    }
    return { x: dX, weight: wanted.has("weight") ? weightGradient(gpu, x, dOut, savedInverseRms) : undefined };
  },

  reference: rmsNormReference,
};

function weightGradient(gpu: Gpu, x: Tensor, dOut: Tensor, savedInverseRms: Tensor): Tensor {
  const [rows, size] = x.shape;
  const parts = partsOfRows(rows);
  const dWeightParts = gpu.allocate([parts, size]);
  gpu.dispatch(backwardWeightKernel, {
    bindings: { x, dOut, savedInverseRms, dWeightParts },
    params: { rows, size, eps: 0, parts },
    workgroups: [Math.ceil(size / gpu.tuning.rowWorkgroup), parts],
  });
  const dWeight = columnSum(gpu, dWeightParts);
  gpu.release(dWeightParts);
  return dWeight;
}

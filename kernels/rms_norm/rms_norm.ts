import { columnSum, partsOfRows } from "../column_sum/column_sum.ts";
import type { Op } from "../op.ts";
import { blockSizeOf, defineBlockKernel } from "../runtime/block_kernel.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import wgsl from "./rms_norm.wgsl" with { type: "text" };
import { rmsNormReference } from "./rms_norm_reference.ts";

const text = workgroupWgsl + wgsl;
const forwardKernel = defineBlockKernel("rmsNorm", text, "forward");
const backwardXKernel = defineBlockKernel("rmsNorm.dX", text, "backwardX");
const backwardWeightKernel = defineBlockKernel("rmsNorm.dWeight", text, "backwardWeight");

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
    const blockSize = blockSizeOf(size);
    const out = gpu.allocate(x.shape);
    const inverseRms = gpu.allocate([rows]);
    gpu.dispatch(forwardKernel[blockSize], {
      bindings: { x, weight, out, inverseRms },
      params: { rows, width: size / blockSize, size, eps, parts: 0 },
      workgroups: rows,
    });
    return { out, saved: { inverseRms } };
  },

  backward(gpu, dOut, { inputs: { x, weight }, saved, wanted }) {
    const [rows, size] = x.shape;
    const blockSize = blockSizeOf(size);
    const savedInverseRms = saved.inverseRms;
    let dX: Tensor | undefined;
    if (wanted.has("x")) {
      dX = gpu.allocate(x.shape);
      gpu.dispatch(backwardXKernel[blockSize], {
        bindings: { x, weight, dOut, savedInverseRms, dX },
        params: { rows, width: size / blockSize, size, eps: 0, parts: 0 },
        workgroups: rows,
      });
    }
    return { x: dX, weight: wanted.has("weight") ? weightGradient(gpu, x, dOut, savedInverseRms) : undefined };
  },

  reference: rmsNormReference,
};

function weightGradient(gpu: Gpu, x: Tensor, dOut: Tensor, savedInverseRms: Tensor): Tensor {
  const [rows, size] = x.shape;
  const blockSize = blockSizeOf(size);
  const width = size / blockSize;
  const parts = partsOfRows(rows);
  const dWeightParts = gpu.allocate([parts, size]);
  gpu.dispatch(backwardWeightKernel[blockSize], {
    bindings: { x, dOut, savedInverseRms, dWeightParts },
    params: { rows, width, size, eps: 0, parts },
    workgroups: [Math.ceil(width / gpu.tuning.rowWorkgroup), parts],
  });
  const dWeight = columnSum(gpu, dWeightParts);
  gpu.release(dWeightParts);
  return dWeight;
}

import { axisSizes } from "../runtime/axes.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import { workgroupWgsl } from "../runtime/workgroup.ts";
import wgsl from "./global_norm.wgsl" with { type: "text" };

const text = workgroupWgsl + wgsl;
const squaresKernel = defineKernel("globalNorm.squares", text, "squares");
const rootKernel = defineKernel("globalNorm", text, "root");
const clipKernel = defineKernel("clipScale", text, "clip");

const ELEMENTS_PER_PART = 8192;
const MAX_PARTS = 1024;

/** The L2 norm of all elements of all tensors together → `"1"`; nothing is read back. */
export function globalNorm(gpu: Gpu, gradients: readonly Tensor[]): Tensor {
  const partCounts = gradients.map(({ shape }) =>
    Math.max(1, Math.min(MAX_PARTS, Math.ceil(elementCount(shape) / ELEMENTS_PER_PART)))
  );
  const total = partCounts.reduce((sum, count) => sum + count, 0);
  const parts = gpu.allocate([total]);
  let firstPart = 0;
  gradients.forEach((x, i) => {
    const partCount = partCounts[i];
    gpu.dispatch(squaresKernel, {
      bindings: { x, parts },
      params: { size: elementCount(x.shape), firstPart, partCount, maxNorm: 0 },
      workgroups: partCount,
    });
    firstPart += partCount;
  });
  const norm = gpu.allocate([1]);
  gpu.dispatch(rootKernel, {
    bindings: { squareSums: parts, norm },
    params: { size: 0, firstPart: 0, partCount: total, maxNorm: 0 },
    workgroups: 1,
  });
  gpu.release(parts);
  return norm;
}

/**
 * The factor that brings gradients of norm `norm` (`"1"`) down to `maxGradNorm` → `"1"`: min(1, maxGradNorm / (norm + 1e-6)),
 * as in PyTorch's `clip_grad_norm_`. It is meant for `gradScale` of `adamW`; nothing is read back.
 */
export function clipScale(gpu: Gpu, norm: Tensor, maxGradNorm: number): Tensor {
  axisSizes("clipScale", { norm: "1" }, { norm });
  if (!(maxGradNorm > 0)) throw new RangeError(`Cannot run clipScale: maxGradNorm is ${maxGradNorm}, not positive`);
  const scale = gpu.allocate([1]);
  gpu.dispatch(clipKernel, {
    bindings: { gradNorm: norm, scale },
    params: { size: 0, firstPart: 0, partCount: 0, maxNorm: maxGradNorm },
    workgroups: 1,
  });
  return scale;
}

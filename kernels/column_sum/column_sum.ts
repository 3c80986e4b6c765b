import type { Gpu } from "../runtime/gpu.ts";
import { reshape, type Tensor } from "../runtime/tensor.ts";
import { defineColumnKernel, sumShares } from "./column_kernel.ts";
import wgsl from "./column_sum.wgsl" with { type: "text" };

const columnSumKernel = defineColumnKernel("columnSum", wgsl);

/** The sum over the rows of `x` (`"N C"`) → `"C"`: the gradient of a bias. */
export function columnSum(gpu: Gpu, x: Tensor): Tensor {
  return totalOf(gpu, sumShares(gpu, columnSumKernel, x.shape, { x }, ["out"]).out);
}

/** The total of the shares of a sum, `"parts C"` → `"C"`. It takes ownership of their tensor. */
export function totalOf(gpu: Gpu, shares: Tensor): Tensor {
  const [parts, size] = shares.shape;
  if (parts === 1) return reshape(shares, [size]);
  const total = columnSum(gpu, shares);
  gpu.release(shares);
  return total;
}

import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./column_sum.wgsl" with { type: "text" };

const columnSumKernel = defineKernel("columnSum", wgsl);

const ROWS_PER_PART = 64;

/** Into how many shares the rows of a sum over N are split, so that few columns still fill the device. */
export function partsOfRows(rows: number): number {
  return Math.max(1, Math.min(64, Math.ceil(rows / ROWS_PER_PART)));
}

/** Sum over the rows of `x` (`"N C"`) → `"C"`: the gradient of a bias. */
export function columnSum(gpu: Gpu, x: Tensor): Tensor {
  const [rows, size] = x.shape;
  const parts = partsOfRows(rows);
  const sums = gpu.allocate([parts, size]);
  const columns = Math.ceil(size / gpu.tuning.rowWorkgroup);
  gpu.dispatch(columnSumKernel, {
    bindings: { x, parts: sums },
    params: { rows, size, parts },
    workgroups: [columns, parts],
  });
  if (parts === 1) return { ...sums, shape: [size] };
  const total = columnSum(gpu, sums);
  gpu.release(sums);
  return total;
}

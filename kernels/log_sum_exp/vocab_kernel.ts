import { defineRowKernel, type RowKernel } from "../runtime/row_kernel.ts";
import logSumExpWgsl from "./log_sum_exp.wgsl" with { type: "text" };

/** A row kernel over a vocabulary: its WGSL may call what log_sum_exp.wgsl declares. */
export function defineVocabKernel(name: string, wgsl: string, compute = "compute"): RowKernel {
  return defineRowKernel(name, wgsl + logSumExpWgsl, compute);
}

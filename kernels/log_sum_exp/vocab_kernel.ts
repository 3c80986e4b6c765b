import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel, type Kernel } from "../runtime/kernel.ts";
import type { Shape, Tensor } from "../runtime/tensor.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import logSumExpWgsl from "./log_sum_exp.wgsl" with { type: "text" };
import scalarBlockWgsl from "./scalar_block.wgsl" with { type: "text" };
import vec4BlockWgsl from "./vec4_block.wgsl" with { type: "text" };

/**
 * A kernel whose workgroups own one row `"V"` each, written over `Block`s of a row and compiled in two forms: rows read four
 * entries at a time where V is a multiple of 4, one at a time otherwise. Its WGSL may call what log_sum_exp.wgsl,
 * vec4_block.wgsl and workgroup.wgsl declare; its `Params` begin with `rows` and `blocks` (of a row).
 */
export interface VocabKernel {
  readonly vec4: Kernel;
  readonly scalar: Kernel;
}

export function defineVocabKernel(name: string, wgsl: string, entryPoint: string): VocabKernel {
  return {
    vec4: defineKernel(name, wgsl + vec4BlockWgsl + logSumExpWgsl + workgroupWgsl, entryPoint),
    scalar: defineKernel(name, wgsl + scalarBlockWgsl + logSumExpWgsl + workgroupWgsl, entryPoint),
  };
}

/** Runs a kernel on every row of tensors of shape `"N V"`. */
export function dispatchRows(
  gpu: Gpu,
  { vec4, scalar }: VocabKernel,
  [rows, vocabSize]: Shape,
  bindings: Readonly<Record<string, Tensor>>,
  params: Readonly<Record<string, number>> = {},
): void {
  const inFours = vocabSize % 4 === 0;
  gpu.dispatch(inFours ? vec4 : scalar, {
    bindings,
    params: { rows, blocks: inFours ? vocabSize / 4 : vocabSize, ...params },
    workgroups: rows,
  });
}

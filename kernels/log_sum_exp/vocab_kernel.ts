import { type BlockKernel, blockSizeOf, defineBlockKernel } from "../runtime/block_kernel.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Shape, Tensor } from "../runtime/tensor.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import logSumExpWgsl from "./log_sum_exp.wgsl" with { type: "text" };

/**
 * A kernel whose workgroups own one row `"V"` each, read by `Block`s. Its WGSL may call what log_sum_exp.wgsl and
 * workgroup.wgsl declare; its `Params` begin with `rows` and `blocks` (of a row).
 */
export function defineVocabKernel(name: string, wgsl: string, entryPoint: string): BlockKernel {
  return defineBlockKernel(name, wgsl + logSumExpWgsl + workgroupWgsl, entryPoint);
}

/** How often a kernel reads its row, at most. */
const MAX_PASSES = 2;

/** Runs a kernel on every row of tensors of shape `"N V"`. */
export function dispatchRows(
  gpu: Gpu,
  kernel: BlockKernel,
  [rows, vocabSize]: Shape,
  bindings: Readonly<Record<string, Tensor>>,
  params: Readonly<Record<string, number>> = {},
): void {
  const blockSize = blockSizeOf(vocabSize);
  const blocks = vocabSize / blockSize;
  const rounds = MAX_PASSES * loopRounds(Math.ceil(blocks / gpu.tuning.rowWorkgroup));
  requireLoopRounds(gpu, kernel[blockSize].name, `rows of ${vocabSize}`, rounds);
  gpu.dispatch(kernel[blockSize], {
    bindings,
    params: { rows, blocks, ...params },
    workgroups: rows,
  });
}

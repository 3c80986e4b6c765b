import { type BlockKernel, blockSizeOf, defineBlockKernel } from "../runtime/block_kernel.ts";
import type { Dispatch, Gpu } from "../runtime/gpu.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Shape, Tensor } from "../runtime/tensor.ts";
import columnsWgsl from "./columns.wgsl" with { type: "text" };

const MAX_PARTS = 64;

/** A kernel that sums over rows. columns.wgsl calls `compute` of its WGSL; its `Params` has `rows`, `blocks` and `parts`. */
export function defineColumnKernel(name: string, wgsl: string, compute = "compute"): BlockKernel {
  return defineBlockKernel(name, wgsl + columnsWgsl.replace("COMPUTE_COLUMN", compute));
}

/** The number of shares into which the rows of a sum are split, so that few columns still fill a GPU. */
export function partsOfRows({ tuning }: Pick<Gpu, "tuning">, rows: number): number {
  return Math.max(1, Math.min(MAX_PARTS, Math.ceil(rows / tuning.rowsOfPart)));
}

/**
 * Runs a kernel on the columns of tensors of shape `"N C"`; `outputs` names the bindings of its outputs.
 *
 * @param params what its `Params` has beside `rows`, `blocks` and `parts`
 * @returns each output, `"parts C"`
 */
export function sumShares<Name extends string>(
  gpu: Gpu,
  kernel: BlockKernel,
  [rows, size]: Shape,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly Name[],
  params: Dispatch["params"] = {},
): Record<Name, Tensor> {
  const blockSize = blockSizeOf(size);
  const blocks = size / blockSize;
  const parts = partsOfRows(gpu, rows);
  requireLoopRounds(gpu, kernel[blockSize].name, `${rows} rows`, loopRounds(Math.ceil(rows / parts)));
  const sums = Object.fromEntries(outputs.map((name) => [name, gpu.allocate([parts, size])])) as Record<Name, Tensor>;
  gpu.dispatch(kernel[blockSize], {
    bindings: { ...inputs, ...sums },
    params: { rows, blocks, parts, ...params },
    workgroups: [Math.ceil(blocks / gpu.tuning.rowWorkgroup), parts],
  });
  return sums;
}

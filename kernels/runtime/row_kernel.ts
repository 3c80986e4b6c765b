import { type BlockKernel, blockSizeOf, defineBlockKernel } from "./block_kernel.ts";
import type { Dispatch, Gpu } from "./gpu.ts";
import { loopRounds, requireLoopRounds } from "./loop_limit.ts";
import rowOfInvocationWgsl from "./row_of_invocation.wgsl" with { type: "text" };
import rowOfWorkgroupWgsl from "./row_of_workgroup.wgsl" with { type: "text" };
import type { Shape } from "./tensor.ts";
import { laneSums } from "./workgroup.ts";

const byWorkgroupWgsl = rowOfWorkgroupWgsl.replace("LANE_SUMS", laneSums("row"));

/**
 * A kernel over rows of `Block`s in two forms: a row belongs to the invocations of a workgroup together, or to one invocation. One WGSL
 * text serves both: it walks a row by `for (var block = lane; block < params.blocks; block += ROW_LANES)`, and sums over lanes by `rowSum`.
 */
export interface RowKernel {
  readonly byWorkgroup: BlockKernel;
  readonly byInvocation: BlockKernel;
}

/** @param compute the function of its WGSL that is called with a row and a lane; `Params` has `rows` and `blocks` (of a row) */
export function defineRowKernel(name: string, wgsl: string, compute = "compute"): RowKernel {
  const inFrame = (frame: string) => defineBlockKernel(name, wgsl + frame.replace("COMPUTE_ROW", compute));
  return { byWorkgroup: inFrame(byWorkgroupWgsl), byInvocation: inFrame(rowOfInvocationWgsl) };
}

/** The most passes that a kernel makes over its row, unless it says otherwise. */
const MAX_PASSES = 3;
/** WebGPU's default limit. */
const MAX_WORKGROUP = 256;
/** The most blocks that one invocation reads before several share a row: longer sums would round by more than 1e-5. */
const MAX_BLOCKS_OF_INVOCATION = 2048;

/** Runs a kernel on every row of tensors of shape `"N V"`; long rows are shared among more invocations. */
export function dispatchRows(
  gpu: Gpu,
  kernel: RowKernel,
  [rows, size]: Shape,
  bindings: Dispatch["bindings"],
  params: Dispatch["params"] = {},
  maxPasses = MAX_PASSES,
): void {
  const blockSize = blockSizeOf(size);
  const blocks = size / blockSize;
  const { rowsBy, rowWorkgroup, maxLoopRounds } = gpu.tuning;
  const blocksOf = (lanes: number) => Math.ceil(blocks / lanes);
  const roundsOf = (lanes: number) => maxPasses * loopRounds(blocksOf(lanes));
  const isLong = (lanes: number) => blocksOf(lanes) > MAX_BLOCKS_OF_INVOCATION || roundsOf(lanes) > maxLoopRounds;
  const dispatch = (form: BlockKernel, workgroup: number, workgroups: number) =>
    gpu.dispatch(form[blockSize], {
      bindings,
      params: { rows, blocks, ...params },
      constants: { WORKGROUP: workgroup },
      workgroups,
    });
  if (rowsBy === "invocation" && rows >= rowWorkgroup && !isLong(1)) {
    dispatch(kernel.byInvocation, rowWorkgroup, Math.ceil(rows / rowWorkgroup));
    return;
  }
  let workgroup = rowWorkgroup;
  while (workgroup < MAX_WORKGROUP && isLong(workgroup)) workgroup *= 2;
  requireLoopRounds(gpu, kernel.byWorkgroup[blockSize].name, `rows of ${size}`, roundsOf(workgroup));
  dispatch(kernel.byWorkgroup, workgroup, rows);
}

import { type BlockKernel, defineBlockKernel } from "./block_kernel.ts";
import frameWgsl from "./elementwise.wgsl" with { type: "text" };
import type { Dispatch, Gpu } from "./gpu.ts";
import { defineKernel, type Kernel } from "./kernel.ts";

/** A kernel of independent items: `compute` names the function of its WGSL that computes the item of an index, if there is one. */
export function defineElementwise(name: string, wgsl: string, compute = "compute"): Kernel {
  return defineKernel(name, framed(wgsl, compute));
}

/** The same over `Block`s, compiled for both sizes of block. */
export function defineElementwiseBlocks(name: string, wgsl: string, compute = "compute"): BlockKernel {
  return defineBlockKernel(name, framed(wgsl, compute));
}

function framed(wgsl: string, compute: string): string {
  return wgsl + frameWgsl.replace("COMPUTE_ITEM", compute);
}

/** Fewer workgroups than these are not worth several items an invocation: they would leave cores idle. */
const LEAST_WORKGROUPS = 8;

/**
 * The grid of an elementwise kernel over `count` items; indices may go beyond.
 *
 * @param most items of one invocation, where the adapter would take more: 1 for a kernel whose items are loops of their own
 */
export function elementwiseGrid(gpu: Gpu, count: number, most = Infinity): Pick<Dispatch, "constants" | "workgroups"> {
  const { elementwiseWorkgroup: workgroup, itemsOfInvocation } = gpu.tuning;
  const items = Math.min(most, itemsOfInvocation);
  const each = count >= LEAST_WORKGROUPS * workgroup * items ? items : 1;
  return { constants: { WORKGROUP: workgroup, ITEMS: each }, workgroups: Math.ceil(count / (workgroup * each)) };
}

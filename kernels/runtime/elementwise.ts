import { type BlockKernel, defineBlockKernel } from "./block_kernel.ts";
import frameWgsl from "./elementwise.wgsl" with { type: "text" };
import type { Dispatch, Gpu } from "./gpu.ts";
import { defineKernel, type Kernel } from "./kernel.ts";
import { elementCount, type Shape, type Tensor } from "./tensor.ts";

/** A kernel of independent items: `compute` names the function of its WGSL that computes item i, if there is one. */
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

/** Below this number of workgroups, giving an invocation several items would leave cores idle. */
const LEAST_WORKGROUPS = 8;

/**
 * The grid of an elementwise kernel over `count` items; indices may exceed it.
 *
 * @param most the largest number of items per invocation; 1 for a kernel whose items contain loops
 */
export function elementwiseGrid(gpu: Gpu, count: number, most = Infinity): Pick<Dispatch, "constants" | "workgroups"> {
  const { elementwiseWorkgroup: workgroup, itemsOfInvocation } = gpu.tuning;
  const items = Math.min(most, itemsOfInvocation);
  const each = count >= LEAST_WORKGROUPS * workgroup * items ? items : 1;
  return { constants: { WORKGROUP: workgroup, ITEMS: each }, workgroups: Math.ceil(count / (workgroup * each)) };
}

/**
 * Runs an elementwise kernel whose items are the `vec4f`s of its bindings, and whose `Params` count them as `vecs`.
 *
 * @param output the name of the binding that it writes
 * @returns that output, a new tensor of the given shape
 */
export function dispatchElementwise(
  gpu: Gpu,
  kernel: Kernel,
  shape: Shape,
  inputs: Dispatch["bindings"],
  output: string,
  params: Dispatch["params"] = {},
): Tensor {
  const vecs = Math.ceil(elementCount(shape) / 4);
  const out = gpu.allocate(shape);
  gpu.dispatch(kernel, {
    bindings: { ...inputs, [output]: out },
    params: { vecs, ...params },
    ...elementwiseGrid(gpu, vecs),
  });
  return out;
}

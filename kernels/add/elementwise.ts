import type { Dispatch, Gpu } from "../runtime/gpu.ts";
import { defineKernel, type Kernel } from "../runtime/kernel.ts";
import f32Wgsl from "./elements_f32.wgsl" with { type: "text" };
import vec4Wgsl from "./elements_vec4.wgsl" with { type: "text" };

/** A kernel over rows of the WGSL type `Element`: four numbers where their length is a multiple of 4, one otherwise. */
export interface RowKernel {
  readonly vec4: Kernel;
  readonly f32: Kernel;
}

/** Reads a kernel that names `Element` (and may call `sumOfElement`) from its WGSL, for both sizes of element. */
export function defineRowKernel(name: string, wgsl: string, entryPoint = "main"): RowKernel {
  return {
    vec4: defineKernel(name, vec4Wgsl + wgsl, entryPoint),
    f32: defineKernel(name, f32Wgsl + wgsl, entryPoint),
  };
}

/** How many numbers an element holds, if every row starts at a sum of multiples of `lengths`. */
export function elementLanes(...lengths: readonly number[]): 1 | 4 {
  return lengths.every((length) => length % 4 === 0) ? 4 : 1;
}

/** The variant of a kernel for elements of so many numbers. */
export function kernelOfLanes(kernel: RowKernel, lanes: 1 | 4): Kernel {
  return lanes === 4 ? kernel.vec4 : kernel.f32;
}

/** The grid of an elementwise kernel: `count` items, one an invocation. */
export function elementwiseGrid(gpu: Gpu, count: number): Pick<Dispatch, "constants" | "workgroups"> {
  const workgroup = gpu.tuning.elementwiseWorkgroup;
  return { constants: { WORKGROUP: workgroup }, workgroups: Math.ceil(count / workgroup) };
}

import f32Wgsl from "./block_f32.wgsl" with { type: "text" };
import vec4Wgsl from "./block_vec4.wgsl" with { type: "text" };
import { defineKernel, type Kernel } from "./kernel.ts";

/** How many numbers a block holds: four where rows allow it, because a CPU driver pays for every load. */
export type BlockSize = 1 | 4;

/** A kernel over rows of the WGSL type `Block`, compiled for both sizes of block. */
export type BlockKernel = Readonly<Record<BlockSize, Kernel>>;

/** Reads a kernel from its WGSL, which may use whatever block_vec4.wgsl and block_f32.wgsl both declare. */
export function defineBlockKernel(name: string, wgsl: string, entryPoint = "main"): BlockKernel {
  return {
    1: defineKernel(name, f32Wgsl + wgsl, entryPoint),
    4: defineKernel(name, vec4Wgsl + wgsl, entryPoint),
  };
}

/** The block size that fits if every row starts at a sum of multiples of `lengths`. */
export function blockSizeOf(...lengths: readonly number[]): BlockSize {
  return lengths.every((length) => length % 4 === 0) ? 4 : 1;
}

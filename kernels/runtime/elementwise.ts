import type { Dispatch, Gpu } from "./gpu.ts";

/** The grid of an elementwise kernel: `count` items, one an invocation. */
export function elementwiseGrid(gpu: Gpu, count: number): Pick<Dispatch, "constants" | "workgroups"> {
  const workgroup = gpu.tuning.elementwiseWorkgroup;
  return { constants: { WORKGROUP: workgroup }, workgroups: Math.ceil(count / workgroup) };
}

import lanesWgsl from "./lanes.wgsl" with { type: "text" };
import headWgsl from "./workgroup.wgsl" with { type: "text" };

/** WGSL of the sum and the maximum over a workgroup's invocations, as `rowSum` and `rowMax` for the prefix `row`. */
export function laneSums(prefix: "row" | "workgroup"): string {
  return lanesWgsl.replaceAll(/\blanes(?=Sum|Max)/g, prefix);
}

/**
 * WGSL for kernels that write their own entry point: `WORKGROUP`, `rowOfWorkgroup`, `workgroupSum` and `workgroupMax`. Row kernels have
 * the same from their frame: see `defineRowKernel`.
 */
export const workgroupWgsl = headWgsl + laneSums("workgroup");

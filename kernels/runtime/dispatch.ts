import type { Tensor } from "./tensor.ts";
import type { Workgroups } from "./workgroup_grid.ts";

/** One dispatch, with every binding and parameter that the WGSL declares, by its name there. */
export interface Dispatch {
  readonly bindings: Readonly<Record<string, Tensor>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Values of `override` declarations; `WORKGROUP`, where declared, defaults to the adapter's row workgroup. */
  readonly constants?: Readonly<Record<string, number>>;
  readonly workgroups: Workgroups;
}

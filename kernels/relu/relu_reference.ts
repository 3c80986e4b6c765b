import type { Array64, Named } from "../op.ts";

/** max(x, 0), element by element in float64. */
export function reluReference({ x }: Named<"x", Array64>): Array64 {
  return { shape: x.shape, data: x.data.map((value) => Math.max(value, 0)) };
}

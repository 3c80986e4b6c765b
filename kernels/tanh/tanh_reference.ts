import type { Array64, Named } from "../op.ts";

/** tanh, element by element in float64. */
export function tanhReference({ x }: Named<"x", Array64>): Array64 {
  return { shape: x.shape, data: x.data.map(Math.tanh) };
}

import type { Array64, Named } from "../op.ts";

/** factor · x, element by element in float64. */
export function scaleReference({ x }: Named<"x", Array64>, { factor }: { factor: number }): Array64 {
  return { shape: x.shape, data: x.data.map((value) => factor * value) };
}

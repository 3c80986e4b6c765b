import type { Array64, Named } from "../op.ts";

/** xScale · x + yScale · y, element by element in float64. */
export function addReference(
  { x, y }: Named<"x" | "y", Array64>,
  { xScale, yScale }: { xScale: number; yScale: number },
): Array64 {
  return { shape: x.shape, data: x.data.map((value, i) => xScale * value + yScale * y.data[i]) };
}

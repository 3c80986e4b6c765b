import type { Array64, Named } from "../op.ts";

/** Row by row, the numbers of x and then those of y. */
export function concatReference({ x, y }: Named<"x" | "y", Array64>): Array64 {
  const [[rows, a], [, b]] = [x.shape, y.shape];
  const data = new Float64Array(rows * (a + b));
  for (let n = 0; n < rows; n++) {
    data.set(x.data.subarray(n * a, (n + 1) * a), n * (a + b));
    data.set(y.data.subarray(n * b, (n + 1) * b), n * (a + b) + a);
  }
  return { shape: [rows, a + b], data };
}

import type { Array64, Named } from "../op.ts";

/** x / sqrt(mean(x²) + eps) · (offset + weight), row by row in float64. */
export function rmsNormReference(
  { x, weight }: Named<"x" | "weight", Array64>,
  { eps, offset = 0 }: { readonly eps: number; readonly offset?: number },
): Array64 {
  const [rows, size] = x.shape;
  const data = new Float64Array(rows * size);
  for (let n = 0; n < rows; n++) {
    const row = x.data.subarray(n * size, (n + 1) * size);
    const rms = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / size + eps);
    row.forEach((value, c) => data[n * size + c] = value / rms * (offset + weight.data[c]));
  }
  return { shape: x.shape, data };
}

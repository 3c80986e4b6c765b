import type { Array64, Named } from "../op.ts";

/** (x − mean) / sqrt(variance + eps) · weight + bias with the biased variance, row by row in float64. */
export function layerNormReference(
  { x, weight, bias }: Named<"x" | "weight" | "bias", Array64>,
  { eps }: { eps: number },
): Array64 {
  const [rows, size] = x.shape;
  const data = new Float64Array(rows * size);
  for (let n = 0; n < rows; n++) {
    const row = x.data.subarray(n * size, (n + 1) * size);
    const mean = row.reduce((sum, value) => sum + value, 0) / size;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    row.forEach((value, c) => {
      data[n * size + c] = (value - mean) / Math.sqrt(variance + eps) * weight.data[c] + bias.data[c];
    });
  }
  return { shape: x.shape, data };
}

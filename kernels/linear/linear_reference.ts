import type { Array64 } from "../op.ts";

/** x W (`"I O"`) or x Wᵀ (`"O I"`), plus a bias and a residual, in float64. */
export function linearReference(
  x: Array64,
  weight: Array64,
  outputsFirst: boolean,
  { bias, residual }: { readonly bias?: Array64; readonly residual?: Array64 } = {},
): Array64 {
  const [rows, inputs] = x.shape;
  const outputs = weight.shape[outputsFirst ? 0 : 1];
  const data = new Float64Array(rows * outputs);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outputs; o++) {
      let sum = (bias?.data[o] ?? 0) + (residual?.data[n * outputs + o] ?? 0);
      for (let i = 0; i < inputs; i++) {
        sum += x.data[n * inputs + i] * weight.data[outputsFirst ? o * inputs + i : i * outputs + o];
      }
      data[n * outputs + o] = sum;
    }
  }
  return { shape: [rows, outputs], data };
}

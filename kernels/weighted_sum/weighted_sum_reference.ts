import type { Array64, Named } from "../op.ts";

/** Σ_n weights[n] x[n], in float64. */
export function weightedSumReference({ x, weights }: Named<"x" | "weights", Array64>): Array64 {
  const sum = x.data.reduce((total, value, n) => total + weights.data[n] * value, 0);
  return { shape: [1], data: Float64Array.of(sum) };
}

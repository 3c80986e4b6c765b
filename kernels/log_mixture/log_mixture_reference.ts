import { logSoftmaxReference, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64 } from "../op.ts";

/** log((1 − w) p + w q), row by row in float64. */
export function logMixtureReference(
  { first, second }: { readonly first: Array64; readonly second: Array64 },
  weight: number,
): Array64 {
  const secondRows = rowsOf(second);
  const data = rowsOf(first).flatMap((row, n) => {
    const [logP, logQ] = [logSoftmaxReference(row), logSoftmaxReference(secondRows[n])];
    // Relative to the larger one, so that a probability too small for a float64 still has a logarithm.
    return Array.from(logP, (p, v) => {
      const largest = Math.max(p, logQ[v]);
      return largest + Math.log((1 - weight) * Math.exp(p - largest) + weight * Math.exp(logQ[v] - largest));
    });
  });
  return { shape: first.shape, data: Float64Array.from(data) };
}

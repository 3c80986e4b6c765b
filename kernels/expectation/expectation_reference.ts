import { logSoftmaxReference, perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../op.ts";

/** Σ_a softmax(logits)[a] values[a], row by row in float64. */
export function expectationReference({ logits, values }: Named<"logits" | "values", Array64>): Array64 {
  const [logitRows, valueRows] = [rowsOf(logits), rowsOf(values)];
  return perRow(logitRows.length, (n) => {
    const logP = logSoftmaxReference(logitRows[n]);
    return valueRows[n].reduce((sum, value, a) => sum + Math.exp(logP[a]) * value, 0);
  });
}

import { logSoftmaxReference, perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../op.ts";

/** −Σ_a p log p of softmax(logits), row by row in float64. */
export function entropyReference({ logits }: Named<"logits", Array64>): Array64 {
  const rows = rowsOf(logits);
  return perRow(rows.length, (n) => logSoftmaxReference(rows[n]).reduce((sum, logP) => sum - Math.exp(logP) * logP, 0));
}

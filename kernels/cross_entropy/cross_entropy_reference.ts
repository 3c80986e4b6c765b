import { logSoftmaxReference, perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../op.ts";

/** −log softmax(logits)[label], row by row in float64. */
export function crossEntropyReference({ logits, labels }: Named<"logits" | "labels", Array64>): Array64 {
  const rows = rowsOf(logits);
  return perRow(rows.length, (n) => -logSoftmaxReference(rows[n])[labels.data[n]]);
}

import { logSoftmaxReference, perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../op.ts";

/** advantage · log softmax(logits)[action], row by row in float64. */
export function policyGradientReference(
  { logits, actions, advantages }: Named<"logits" | "actions" | "advantages", Array64>,
): Array64 {
  const rows = rowsOf(logits);
  return perRow(rows.length, (n) => advantages.data[n] * logSoftmaxReference(rows[n])[actions.data[n]]);
}

import { perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../op.ts";

/** values[id], row by row. */
export function pickReference({ values, ids }: Named<"values" | "ids", Array64>): Array64 {
  const rows = rowsOf(values);
  return perRow(rows.length, (n) => rows[n][ids.data[n]]);
}

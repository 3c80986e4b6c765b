import { rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import type { Array64, Named } from "../op.ts";

/** Logits over the temperature of some tokens, and the log-sum-exp of all others, row by row. */
export function lumpReference(
  { logits, ids }: Named<"logits" | "ids", Array64>,
  { temperature }: TemperatureAttrs,
): Array64 {
  const tokens = rowsOf(ids);
  const events = rowsOf(logits).map((row, n) => {
    const scaled = row.map((logit) => logit / temperature);
    const kept = new Set(tokens[n]);
    const others = scaled.filter((_, id) => !kept.has(id));
    const largest = others.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = others.reduce((total, logit) => total + Math.exp(logit - largest), 0);
    return [...tokens[n]].map((id) => scaled[id]).concat(others.length > 0 ? [largest + Math.log(sum)] : []);
  });
  return { shape: [events.length, events[0].length], data: Float64Array.from(events.flat()) };
}

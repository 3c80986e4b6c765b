import type { Array64, Named } from "../op.ts";
import type { SpanSumAttrs } from "./span_sum.ts";

/** Σ_t γ^t x_t of every text, by its definition, in float64. */
export function spanSumReference(
  { x, spans }: Named<"x" | "spans", Array64>,
  { gamma, of }: SpanSumAttrs,
): Array64 {
  const [texts] = spans.shape;
  const sums = Float64Array.from({ length: texts }, (_, b) => {
    const tokens = x.data.subarray(spans.data[2 * b], spans.data[2 * b + 1]);
    const discounted = [...tokens].map((value, t) => gamma ** t * value);
    if (of === "last") return discounted.at(-1) ?? 0;
    const sum = discounted.reduce((total, value) => total + value, 0);
    return of === "mean" ? sum / Math.max(1, tokens.length) : sum;
  });
  return { shape: [texts], data: sums };
}

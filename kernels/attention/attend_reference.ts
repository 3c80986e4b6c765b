import type { Array64 } from "../op.ts";

/** Where a reference finds the rows of a head, and what it adds to their products. */
export interface AttendedRows {
  query(b: number, t: number, h: number): Float64Array;
  key(b: number, s: number, h: number): Float64Array;
  value(b: number, s: number, h: number): Float64Array;
  bias(t: number, s: number, h: number): number;
  sees(t: number, s: number): boolean;
}

/** softmax(q · k + bias) v over the keys of each row's span that a query sees, head by head in float64; `"B T H·D"`. */
export function attendReference(
  { batch, queryTokens, numHeads, headSize, spans }: {
    readonly batch: number;
    readonly queryTokens: number;
    readonly numHeads: number;
    readonly headSize: number;
    readonly spans: Array64;
  },
  rows: AttendedRows,
): Float64Array {
  const data = new Float64Array(batch * queryTokens * numHeads * headSize);
  for (let b = 0; b < batch; b++) {
    const [first, end] = [spans.data[2 * b], spans.data[2 * b + 1]];
    for (let t = 0; t < queryTokens; t++) {
      const seen = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i).filter((s) => rows.sees(t, s));
      for (let h = 0; h < numHeads; h++) {
        const query = rows.query(b, t, h);
        const scores = seen.map((s) => {
          const key = rows.key(b, s, h);
          return query.reduce((sum, value, d) => sum + value * key[d], rows.bias(t, s, h));
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const out = ((b * queryTokens + t) * numHeads + h) * headSize;
        seen.forEach((s, i) => rows.value(b, s, h).forEach((value, d) => data[out + d] += weights[i] / total * value));
      }
    }
  }
  return data;
}

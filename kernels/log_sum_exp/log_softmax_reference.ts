import type { Array64 } from "../op.ts";

/** The rows of an array `"N V"`. */
export function rowsOf({ shape: [rows, size], data }: Array64): Float64Array[] {
  return Array.from({ length: rows }, (_, n) => data.subarray(n * size, (n + 1) * size));
}

/** log softmax(z / temperature) of one row, in float64. */
export function logSoftmaxReference(logits: Float64Array, temperature = 1): Float64Array {
  const scaled = logits.map((logit) => logit / temperature);
  const largest = scaled.reduce((a, b) => Math.max(a, b));
  const logSum = Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  return scaled.map((logit) => logit - largest - logSum);
}

/** An array of one number per row, `"N"`. */
export function perRow(rows: number, value: (row: number) => number): Array64 {
  return { shape: [rows], data: Float64Array.from({ length: rows }, (_, n) => value(n)) };
}

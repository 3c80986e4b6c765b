/** Logits of one row whose tokens so far are `seen`, as `penalizeRepetition` leaves them, in float64. */
export function penalizedReference(logits: ArrayLike<number>, seen: readonly number[], penalty: number): Float64Array {
  const out = Float64Array.from(logits);
  for (const token of new Set(seen)) out[token] = out[token] > 0 ? out[token] / penalty : out[token] * penalty;
  return out;
}

/** The tokens that `banRepeatedNgrams` rules out after a text, by the definition: those that make its last run one that occurred before. */
export function repeatingTokens(text: readonly number[], size: number): Set<number> {
  const runs = Array.from({ length: Math.max(0, text.length - size + 1) }, (_, at) => text.slice(at, at + size));
  const last = text.slice(text.length - (size - 1)).join();
  const isLong = text.length >= size - 1;
  return new Set(runs.filter((run) => isLong && run.slice(0, -1).join() === last).map((run) => run[size - 1]));
}

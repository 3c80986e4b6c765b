import { philox4x32 } from "../random/philox.ts";
import type { SamplingSettings, SamplingStream } from "./sample_tokens.ts";

/** The uniform number in (0, 1) of a row: (n + 1/2) / 2²³, where n is the upper 23 bits of the first Philox word. */
export function samplingUniform({ seed, purpose, step }: SamplingStream, rowKey: number): number {
  const [word] = philox4x32([step, rowKey, purpose, 0], [seed, 0]);
  return ((word >>> 9) + 0.5) / 2 ** 23;
}

/** The probabilities with which tokens are drawn, in float64: softmax at the temperature, then top-k, then top-p. */
export function samplingProbabilities(logits: ArrayLike<number>, settings: SamplingSettings): Float64Array {
  const { temperature, topK, topP } = settings;
  const probabilities = new Float64Array(logits.length);
  const ranking = ranked(logits).slice(0, topK === 0 ? logits.length : topK);
  if (temperature === 0) {
    probabilities[ranking[0]] = 1;
    return probabilities;
  }
  const weights = ranking.map((token) => Math.exp((logits[token] - logits[ranking[0]]) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let mass = 0;
  while (kept < ranking.length && (topP === 1 || mass < topP * total)) mass += weights[kept++];
  for (let i = 0; i < kept; i++) probabilities[ranking[i]] = weights[i] / mass;
  return probabilities;
}

/** The token at which the cumulative distribution of one row exceeds `uniform`. */
export function drawReference(logits: ArrayLike<number>, uniform: number, settings: SamplingSettings): number {
  const probabilities = samplingProbabilities(logits, settings);
  let drawn = 0;
  let sum = 0;
  for (const [token, probability] of probabilities.entries()) {
    if (probability === 0) continue;
    drawn = token;
    sum += probability;
    if (sum > uniform) break;
  }
  return drawn;
}

/** Token ids by decreasing logit, the lower id first among equals. */
function ranked(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, token) => token).sort((a, b) => logits[b] - logits[a] || a - b);
}

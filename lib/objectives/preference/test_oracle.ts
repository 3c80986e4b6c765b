import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { logLikelihood, rewardLogits } from "./bradley_terry.ts";
import type { PairRows } from "./pair_batch.ts";
import type { TextReward } from "./returns.ts";
import { tokenRewards } from "./reward_head.ts";

/** How rewards make those of the texts of a hand-made oracle. */
export const ORACLE_REWARD: TextReward = { gamma: 0.95, rewarded: "everyToken" };

/** Pairs of texts whose tokens have features, and the logits of an oracle for them. */
export interface FeaturePairs extends PairRows {
  /** `"N F"` */
  readonly features: Tensor;
  readonly logits: readonly number[];
}

/** The oracle's reward: the tanh of a linear map. */
export const WEIGHTS = [1.2, -0.8, 0.5, 0, -0.3];
const oracle = (features: readonly number[]) =>
  Math.tanh(features.reduce((sum, value, i) => sum + WEIGHTS[i] * value, 0.1));

/** Texts of 2 to 7 tokens with random features. @param labelOf P(first preferred), by the oracle's logit and the pair */
export function oraclePairs(
  gpu: Gpu,
  seed: number,
  count: number,
  labelOf: (logit: number, pair: number) => number,
): FeaturePairs {
  const random = new RandomStream(seed, "feature pairs");
  const texts = Array.from(
    { length: 2 * count },
    (_, b) =>
      Array.from(
        { length: 2 + (b * 7 + seed) % 6 },
        () => Array.from({ length: WEIGHTS.length }, () => random.normal()),
      ),
  );
  const returns = texts.map((text) =>
    text.reduce((sum, token, t) => sum + ORACLE_REWARD.gamma ** t * oracle(token), 0)
  );
  const logits = Array.from({ length: count }, (_, n) => returns[2 * n] - returns[2 * n + 1]);
  const labels = logits.map(labelOf);
  let row = 0;
  const spans = texts.flatMap(({ length }) => [row, row += length]);
  return {
    features: gpu.upload(Float32Array.from(texts.flat(2)), [row, WEIGHTS.length]),
    rowSpans: gpu.upload(Uint32Array.from(spans), [2 * count, 2]),
    firstWeights: gpu.upload(Float32Array.from(labels, (label) => label / count)),
    secondWeights: gpu.upload(Float32Array.from(labels, (label) => (1 - label) / count)),
    logits,
  };
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Bradley-Terry logits of pairs by a head on their features. */
export function logitsUnder(head: Critic, tape: Tape, { features, rowSpans }: FeaturePairs): Variable {
  return rewardLogits(tape, tokenRewards(tape, head, tape.constant(features)), { rowSpans }, ORACLE_REWARD);
}

/** The log-likelihood of their labels, as `fitPreferences` takes it. */
export function likelihoodUnder(head: Critic): (tape: Tape, pairs: FeaturePairs) => Variable {
  return (tape, pairs) => logLikelihood(tape, logitsUnder(head, tape, pairs), pairs);
}

import { linear } from "#kernels/linear/linear.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { TextLayout } from "#lib/models/language_model.ts";
import { linearCombination } from "../linear_combination.ts";
import {
  inGroups,
  type Packing,
  packTrajectories,
  responseTokensOf,
  type Trajectory,
  type TrajectoryBatch,
} from "../trajectory_batch.ts";

/** Two responses to one prompt, as token ids, and which of them an oracle preferred. */
export interface LabelledPair {
  readonly prompt: readonly number[];
  readonly texts: readonly [readonly number[], readonly number[]];
  /** P(the first is preferred), 0 to 1; 0 and 1 are hard labels. */
  readonly label: number;
  /** By how much the first text is better than the second, for a loss whose margin depends on it. */
  readonly qualityGap?: number;
}

/** P pairs in one batch: the texts of pair n are its trajectories 2n and 2n + 1. `releaseBatch` releases all of it. */
export interface PairBatch extends TrajectoryBatch {
  /** `"P"`: label / P, so that a weighted sum over the pairs whose first text wins is a mean */
  readonly firstWeights: Tensor;
  /** `"P"`: (1 − label) / P */
  readonly secondWeights: Tensor;
  /** `"P"`: quality of the first text minus that of the second; missing where a pair has none */
  readonly qualityGaps?: Tensor;
}

/** What is needed of pairs whose texts' scores are known. */
export type PairLabels = Pick<PairBatch, "firstWeights" | "secondWeights">;
/** What is needed of pairs whose tokens' scores are known. */
export type PairRows = PairLabels & Pick<PairBatch, "rowSpans">;

/** How pairs are packed: `seen` is `"after"` for rewards of tokens by those who have read them. */
export interface PairPacking extends Packing {
  /** P of the weights, where the pairs are only some of those that a mean is over; default their own number. */
  readonly pairs?: number;
}

/**
 * Packs pairs as models of the layout read them. The caller releases the tensors (`releaseBatch`).
 *
 * @throws {RangeError} if there is no pair, a text or prompt has no token, or a label is not from 0 to 1
 */
export function packPairs(
  gpu: Gpu,
  pairs: readonly LabelledPair[],
  layout: TextLayout,
  { pairs: ofPairs = pairs.length, ...packing }: PairPacking = {},
): PairBatch {
  const wrong = pairs.findIndex(({ label }) => !(label >= 0 && label <= 1));
  if (wrong >= 0) {
    throw new RangeError(`Cannot pack pair ${wrong}: its label is ${pairs[wrong].label} but must be from 0 to 1`);
  }
  const trajectories = trajectoriesOf(pairs);
  const perPair = (value: (pair: LabelledPair) => number) => gpu.upload(Float32Array.from(pairs, value));
  return {
    ...packTrajectories(gpu, trajectories, layout, packing),
    firstWeights: perPair(({ label }) => label / ofPairs),
    secondWeights: perPair(({ label }) => (1 - label) / ofPairs),
    ...(pairs.every(({ qualityGap }) => qualityGap !== undefined) && {
      qualityGaps: perPair(({ qualityGap }) => qualityGap!),
    }),
  };
}

/**
 * Packs the pairs of a step in micro-batches: their weighted sums add up to the means over the whole step.
 *
 * @param textsAtOnce texts of a micro-batch at most, but a pair at least; default all
 */
export function packPairMicroBatches(
  gpu: Gpu,
  pairs: readonly LabelledPair[],
  layout: TextLayout,
  textsAtOnce?: number,
): PairBatch[] {
  const whole = { pairs: pairs.length, meanOver: responseTokensOfPairs(pairs) };
  const pairsAtOnce = textsAtOnce === undefined ? undefined : Math.max(1, Math.floor(textsAtOnce / 2));
  return inGroups(pairs, pairsAtOnce).map((some) => packPairs(gpu, some, layout, whole));
}

/** N of some pairs. */
export function responseTokensOfPairs(pairs: readonly LabelledPair[]): number {
  return responseTokensOf(trajectoriesOf(pairs));
}

function trajectoriesOf(pairs: readonly LabelledPair[]): Trajectory[] {
  return pairs.flatMap(({ prompt, texts }) => texts.map((response) => ({ prompt, response })));
}

/** The number of the first text minus that of the second, of scores by text `"B"` → `"P"`, B = 2P. */
export function pairDifferences(tape: Tape, scores: Variable): Variable {
  const pairs = scores.value.shape[0] / 2;
  const weight = tape.constant(tape.adopt(tape.gpu.upload(Float32Array.of(1, -1), [1, 2])));
  const differences = tape.apply(linear, { x: tape.reshape(scores, [pairs, 2]), weight }, {});
  return tape.reshape(differences, [pairs]);
}

/**
 * Σ_n (o_n f(z_n) + (1 − o_n) f(−z_n)) / P → `"1"`: what f makes of the winner's score minus the loser's, expected under the labels o
 * and mean over the pairs.
 *
 * @param differences z: the first text's score minus the second's, `"P"`
 */
export function meanOverLabels(
  tape: Tape,
  differences: Variable,
  { firstWeights, secondWeights }: PairLabels,
  f: (winnerMinusLoser: Variable) => Variable,
): Variable {
  const mean = (x: Variable, weights: Tensor) =>
    tape.apply(weightedSum, { x: f(x), weights: tape.constant(weights) }, {});
  const turned = linearCombination(tape, [{ weight: -1, value: differences }]);
  return linearCombination(tape, [
    { weight: 1, value: mean(differences, firstWeights) },
    { weight: 1, value: mean(turned, secondWeights) },
  ]);
}

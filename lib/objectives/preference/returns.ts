import { spanSum } from "#kernels/span_sum/span_sum.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { difference } from "../linear_combination.ts";
import type { TrajectoryBatch } from "../trajectory_batch.ts";

/** How rewards of tokens make the reward of a text. */
export interface TextReward {
  /** Discount γ of a token. */
  readonly gamma: number;
  /** `everyToken`: r(x, τ) = Σ_h γ^h r(s_h, a_h). `lastToken`: γ^(T−1) r(s_(T−1), a_(T−1)) alone. */
  readonly rewarded: "everyToken" | "lastToken";
}

/** The tokens of some texts, and their rewards. */
export interface RewardedTexts extends Pick<TrajectoryBatch, "rowSpans"> {
  /** r(s_t, a_t), `"N"` */
  readonly rewards: Variable;
}

/** The rewards r(x, τ) of whole texts, their returns → `"B"`. */
export function returnsOf(
  tape: Tape,
  { rewards, rowSpans }: RewardedTexts,
  { gamma, rewarded }: TextReward,
): Variable {
  const of = rewarded === "everyToken" ? "all" : "last";
  return tape.apply(spanSum, { x: rewards, spans: tape.constant(rowSpans) }, { gamma, of });
}

/** Ĵ(π, r): the mean return of texts of π → `"1"`. */
export function meanReturn(tape: Tape, texts: RewardedTexts, reward: TextReward): Variable {
  const returns = returnsOf(tape, texts, reward);
  const [count] = returns.value.shape;
  const weights = tape.constant(tape.adopt(tape.gpu.upload(new Float32Array(count).fill(1 / count))));
  return tape.apply(weightedSum, { x: returns, weights }, {});
}

/**
 * The gap Ĵ(π*, r) − Ĵ(π, r) of texts of the teacher and of the student → `"1"`: all that PbKD's game is about where the teacher gives
 * nothing but text. It is a mean over texts, so that lengths count. In the white box the gaps of r_b are `offPolicyMoment` (b = student)
 * and `onPolicyMoment` (b = teacher).
 */
export function returnGap(
  tape: Tape,
  { teacher, student }: { readonly teacher: RewardedTexts; readonly student: RewardedTexts },
  reward: TextReward,
): Variable {
  return difference(tape, meanReturn(tape, teacher, reward), meanReturn(tape, student, reward));
}

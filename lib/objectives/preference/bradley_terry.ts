import { logSigmoid } from "#kernels/elementwise/log_sigmoid/log_sigmoid.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { linearCombination } from "../linear_combination.ts";
import type { Policy } from "../critic_view.ts";
import { onPolicyCosts, type ResponseRows } from "../moment_matching.ts";
import { meanOverLabels, pairDifferences, type PairLabels, type PairRows } from "./pair_batch.ts";
import { returnsOf, type TextReward } from "./returns.ts";

/**
 * The mean log-likelihood of the labels, nats per pair → `"1"`, with P(τ_0 ≻ τ_1 | x) = σ(z) (Bradley & Terry 1952):
 * LL = mean of o log σ(z) + (1 − o) log σ(−z), for hard and soft labels o. The paper's L_r(D) is half of the *sum* of
 * log-likelihoods, up to a constant: P / 2 times this.
 *
 * @param logits z of the P pairs, of which σ is the probability that the first text is preferred
 */
export function logLikelihood(tape: Tape, logits: Variable, labels: PairLabels): Variable {
  return meanOverLabels(tape, logits, labels, (x) => tape.apply(logSigmoid, { x }, {}));
}

/**
 * The Bradley-Terry logits r(x, τ_0) − r(x, τ_1) of pairs → `"P"` (PbKD's reward model, black box). A constant of the prompt cancels; one
 * of the token does not, where lengths differ.
 *
 * @param rewards r(s_t, a_t) of every token, `"N"`
 */
export function rewardLogits(
  tape: Tape,
  rewards: Variable,
  { rowSpans }: Pick<PairRows, "rowSpans">,
  reward: TextReward,
): Variable {
  return pairDifferences(tape, returnsOf(tape, { rewards, rowSpans }, reward));
}

/**
 * A_b(s_t, a_t) = Q(s_t, a_t) − E_{a~b} Q(s_t, a) of an action-value table Q (white box) → `"n"`. No gradient flows into b.
 *
 * @param values Q(s_t, ·), `"n V"`
 * @param b the teacher, under whom the likelihood stands still while the student moves, if Q does not see the student's features either;
 * or the student
 */
export function advantagesOf(
  tape: Tape,
  values: Variable,
  b: Policy,
  rows: Pick<ResponseRows, "actions">,
): Variable {
  const held = { logits: tape.detach(b.logits) };
  // E_b Q − Q(s, a): the costs of U_on with b in the teacher's place.
  const costs = onPolicyCosts(tape, { teacher: held, student: held, values }, rows, { moments: "sampled" });
  return linearCombination(tape, [{ weight: -1, value: costs }]);
}

/**
 * The logits of the reward r_b(s, a) = Q(s, a) − γ E_{a'~b} Q(s', a'): Σ γ^h A_b on the first text minus that on the second → `"P"`. The
 * sum of r_b over a text is that of A_b plus E_{a~b} Q(s_0, a), which the texts of a prompt share; so nothing is evaluated at next states.
 *
 * @param advantages A_b(s_t, a_t), `"N"`
 */
export function advantageLogits(
  tape: Tape,
  advantages: Variable,
  rows: Pick<PairRows, "rowSpans">,
  { gamma }: Pick<TextReward, "gamma">,
): Variable {
  return rewardLogits(tape, advantages, rows, { gamma, rewarded: "everyToken" });
}

/**
 * The share of pairs that logits order as their labels do, each as ½ where logit or label prefers neither.
 *
 * @throws {RangeError} if there is no pair, or not one label for each
 */
export function pairAccuracy(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  if (logits.length === 0 || logits.length !== labels.length) {
    throw new RangeError(`Cannot compare ${logits.length} logits with ${labels.length} labels`);
  }
  const agreements = Array.from(logits, (logit, n) => (1 + Math.sign(logit) * Math.sign(labels[n] - 0.5)) / 2);
  return agreements.reduce((sum, agreement) => sum + agreement, 0) / agreements.length;
}

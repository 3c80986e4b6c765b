import { baseline, type BaselineKind, rewardToGo } from "#kernels/advantages/advantages.ts";
import { expectation } from "#kernels/expectation/expectation.ts";
import { pick } from "#kernels/pick/pick.ts";
import { policyGradient } from "#kernels/policy_gradient/policy_gradient.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Ascent } from "./ascent.ts";
import { logitsOf } from "./batch_states.ts";
import { type CriticView, type CriticViews, heldView, valuedBy } from "./critic_view.ts";
import { difference, linearCombination, type Term } from "./linear_combination.ts";
import type { Objective } from "./objective.ts";
import { totalVariationByToken, twoTotalVariation } from "./policy_distance.ts";
import { meanOverTokens, statesOfBoth } from "./states.ts";
import { crossEntropyOf } from "./supervised.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** How the two moments of AMMD (Jia 2024, Propositions 1 and 2; Algorithm 1) are matched. Defaults are this project's. */
export interface MomentSettings {
  /** Weight of the off-policy moment; the on-policy one has 1 − β (AMMD Table 6). 1 and 0 leave the other out. */
  readonly beta: number;
  /** Discount γ of the policy gradient's rewards; the batches' weights carry γ^(t−1). */
  readonly gamma: number;
  /** Whose last hidden states the critics see; no gradient flows into the policy through them. */
  readonly features: "student" | "teacher" | "both";
  /** `sampled` takes f(s_t, y_t); `full` its expectation under the policy that sampled y_t: equal in expectation, less variance. */
  readonly moments: "sampled" | "full";
  /** On-policy: `immediate` leaves out an action's effect on later states; `rewardToGo` is the whole policy gradient. */
  readonly horizon: "immediate" | "rewardToGo";
  readonly baseline: BaselineKind;
  /** Weight of cross-entropy on the data beside the moments (`ammd_sft`). */
  readonly sftWeight: number;
}

export interface MomentPlayers {
  readonly student: LanguageModel;
  readonly teacher: LanguageModel;
  /** f_φ1 */
  readonly offPolicyCritic: Critic;
  /** f_φ2 */
  readonly onPolicyCritic: Critic;
}

/** Texts of one step; a side is missing where β leaves its moment out, `data` where sftWeight is 0. */
export interface MomentBatch {
  /** τ ~ π* (or the data) */
  readonly offPolicy?: TrajectoryBatch;
  /** τ ~ π_θ */
  readonly onPolicy?: TrajectoryBatch;
  readonly data?: TrajectoryBatch;
}

/** What the moments need of a batch: the rows of its responses. */
export type ResponseRows = Pick<TrajectoryBatch, "actions" | "weights" | "evenWeights" | "rowSpans">;

/**
 * The ascent of φ1 on U_off. The measure `d_off` is the moment itself, which bounds the imitation gap at the critic's optimum, beside
 * `two_tv_off`, its supremum over all |f| ≤ 1 (AMMD Corollary 1).
 */
export function offPolicyAscent(
  tape: Tape,
  players: MomentPlayers,
  batch: TrajectoryBatch,
  settings: Pick<MomentSettings, "features" | "moments">,
): Ascent {
  const views = valuedBy(players.offPolicyCritic, statesOfBoth(tape, players, batch), settings);
  const { gains, distances } = views.each({ actions: batch.actions }, (tape, view, rows) => ({
    gains: offPolicyGains(tape, view, rows, settings),
    distances: totalVariationByToken(tape, logitsOf(view)),
  }));
  const value = meanOverTokens(tape, gains, batch);
  return { value, measures: { d_off: value, two_tv_off: twoTotalVariation(tape, distances, batch) } };
}

/** The same of φ2 on U_on, with `d_on` and `two_tv_on`. */
export function onPolicyAscent(
  tape: Tape,
  players: MomentPlayers,
  batch: TrajectoryBatch,
  settings: Pick<MomentSettings, "features" | "moments">,
): Ascent {
  const views = valuedBy(players.onPolicyCritic, statesOfBoth(tape, players, batch), settings);
  const { costs, distances } = views.each({ actions: batch.actions }, (tape, view, rows) => ({
    costs: onPolicyCosts(tape, view, rows, settings),
    distances: totalVariationByToken(tape, logitsOf(view)),
  }));
  const value = meanOverTokens(tape, costs, batch);
  return { value, measures: { d_on: value, two_tv_on: twoTotalVariation(tape, distances, batch) } };
}

/** U_off = Σ_t γ^(t−1) (f(s_t, y_t) − E_{a~π_θ} f(s_t, a)) on texts of the teacher (AMMD Proposition 1). */
export function offPolicyMoment(
  tape: Tape,
  views: CriticViews,
  batch: Pick<ResponseRows, "actions" | "weights">,
  settings: Pick<MomentSettings, "moments">,
): Variable {
  const { actions } = batch;
  const { gains } = views.each({ actions }, (...states) => ({ gains: offPolicyGains(...states, settings) }));
  return meanOverTokens(tape, gains, batch);
}

/** U_on = Σ_t γ^(t−1) (E_{a~π*} f(s_t, a) − f(s_t, y_t)) on texts of the student (AMMD Proposition 2). */
export function onPolicyMoment(
  tape: Tape,
  views: CriticViews,
  batch: Pick<ResponseRows, "actions" | "weights">,
  settings: Pick<MomentSettings, "moments">,
): Variable {
  const { actions } = batch;
  const { costs } = views.each({ actions }, (...states) => ({ costs: onPolicyCosts(...states, settings) }));
  return meanOverTokens(tape, costs, batch);
}

/** f(s_t, y_t), or with full moments E_{a~π*} f(s_t, a), − E_{a~π_θ} f(s_t, a) → `"n"`. */
function offPolicyGains(
  tape: Tape,
  { student, teacher, values }: CriticView,
  { actions }: Pick<ResponseRows, "actions">,
  { moments }: Pick<MomentSettings, "moments">,
): Variable {
  const taken = moments === "full"
    ? tape.apply(expectation, { logits: teacher.logits, values }, {})
    : tape.apply(pick, { values, ids: tape.constant(actions) }, {});
  const expected = tape.apply(expectation, { logits: student.logits, values }, {});
  return difference(tape, taken, expected);
}

/** c_t = E_{a~π*} f(s_t, a) − f(s_t, y_t), or with full moments − E_{a~π_θ} f(s_t, a) → `"n"`. */
export function onPolicyCosts(
  tape: Tape,
  { student, teacher, values }: CriticView,
  { actions }: Pick<ResponseRows, "actions">,
  { moments }: Pick<MomentSettings, "moments">,
): Variable {
  const expected = tape.apply(expectation, { logits: teacher.logits, values }, {});
  const taken = moments === "full"
    ? tape.apply(expectation, { logits: student.logits, values }, {})
    : tape.apply(pick, { values, ids: tape.constant(actions) }, {});
  return difference(tape, expected, taken);
}

/** The student's descent on β U_off + (1 − β) U_on at fixed critics, plus sftWeight × cross-entropy on the data. */
export function studentObjective(settings: MomentSettings): Objective<MomentPlayers, MomentBatch> {
  const { beta, sftWeight } = settings;
  return (tape, players, { offPolicy, onPolicy, data }) => {
    const terms: Term[] = [];
    if (offPolicy) {
      const views = valuedBy(players.offPolicyCritic, statesOfBoth(tape, players, offPolicy), settings);
      terms.push({ weight: beta, value: negatedExpectation(tape, views, offPolicy) });
    }
    if (onPolicy) {
      const views = valuedBy(players.onPolicyCritic, statesOfBoth(tape, players, onPolicy), settings);
      terms.push({ weight: 1 - beta, value: onPolicyGradientTerm(tape, views, onPolicy, settings) });
    }
    if (data) terms.push({ weight: sftWeight, value: crossEntropyOf(tape, players.student, data) });
    const loss = linearCombination(tape, terms);
    return { loss, measures: { loss } };
  };
}

/**
 * A number whose gradient is that of U_on: with `immediate`, −E_{a~π_θ} f at the student's own states; with `rewardToGo`, the score
 * function Σ_t log π_θ(y_t | s_t) A_t, plus the immediate term where the moments are full.
 */
export function onPolicyGradientTerm(
  tape: Tape,
  views: CriticViews,
  batch: ResponseRows,
  settings: Pick<MomentSettings, "horizon" | "moments" | "gamma" | "baseline">,
): Variable {
  if (settings.horizon === "immediate") return negatedExpectation(tape, views, batch);
  const full = settings.moments === "full";
  const { actions } = batch;
  const { costs, expected } = views.each({ actions }, (tape, view, rows) => ({
    costs: onPolicyCosts(tape, heldView(tape, view), rows, settings),
    ...(full && { expected: ownExpectation(tape, view) }),
  }));
  const advantages = advantagesOf(tape, costs, batch, settings);
  const { scores } = views.each({ actions, advantages }, (tape, { student: { logits } }, rows) => ({
    scores: tape.apply(policyGradient, {
      logits,
      actions: tape.constant(rows.actions),
      advantages: tape.constant(rows.advantages),
    }, {}),
  }));
  // A_t carries its discount itself.
  const gradientTerm = meanOverTokens(tape, scores, { weights: batch.evenWeights });
  if (!expected) return gradientTerm;
  return linearCombination(tape, [
    { weight: 1, value: gradientTerm },
    { weight: 1, value: negatedMean(tape, expected, batch) },
  ]);
}

/** A_t of the costs c_t, `"N"` → `"N"`; the tape owns it. */
function advantagesOf(
  tape: Tape,
  { value: costs }: Variable,
  { rowSpans: spans }: ResponseRows,
  { moments, gamma, baseline: kind }: Pick<MomentSettings, "moments" | "gamma" | "baseline">,
): Tensor {
  const toGo = tape.adopt(rewardToGo(tape.gpu, { costs, spans }, { gamma, inclusive: moments === "sampled" }));
  return tape.adopt(baseline(tape.gpu, { advantages: toGo, spans }, kind));
}

/** −Σ_t γ^(t−1) E_{a~π_θ} f(s_t, a), exact over the vocabulary; no gradient flows into f or through the states it sees. */
export function negatedExpectation(tape: Tape, views: CriticViews, batch: Pick<ResponseRows, "weights">): Variable {
  const { expected } = views.each({}, (tape, view) => ({ expected: ownExpectation(tape, view) }));
  return negatedMean(tape, expected, batch);
}

/** E_{a~π_θ} f(s_t, a), f held → `"n"` */
function ownExpectation(tape: Tape, { student, values }: CriticView): Variable {
  return tape.apply(expectation, { logits: student.logits, values: tape.detach(values) }, {});
}

function negatedMean(tape: Tape, values: Variable, batch: Pick<ResponseRows, "weights">): Variable {
  return linearCombination(tape, [{ weight: -1, value: meanOverTokens(tape, values, batch) }]);
}

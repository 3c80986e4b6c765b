import { baseline, type BaselineKind, rewardToGo } from "#kernels/advantages/advantages.ts";
import { concat } from "#kernels/concat/concat.ts";
import { expectation } from "#kernels/expectation/expectation.ts";
import { pick } from "#kernels/pick/pick.ts";
import { policyGradient } from "#kernels/policy_gradient/policy_gradient.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Ascent } from "./ascent.ts";
import { difference, linearCombination, type Term } from "./linear_combination.ts";
import type { Objective } from "./objective.ts";
import { twoTotalVariation } from "./policy_distance.ts";
import { meanOverTokens, type States, statesOf, statesOfBoth } from "./states.ts";
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

/** What the moments need of a policy at the N states: its next-token logits. */
export type Policy = Pick<States, "logits">;
/** What they need of a batch: the rows of its responses. */
export type ResponseRows = Pick<TrajectoryBatch, "actions" | "weights" | "evenWeights" | "rowSpans">;

/** The states of one batch as both policies see them, and the values that a critic gives its actions. */
export interface CriticView {
  readonly student: Policy;
  readonly teacher: Policy;
  /** f(s, ·), `"N V"` */
  readonly values: Variable;
}

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
  const view = criticView(tape, players, players.offPolicyCritic, batch, settings);
  const value = offPolicyMoment(tape, view, batch, settings);
  const bound = twoTotalVariation(tape, view.student.logits, view.teacher.logits, batch);
  return { value, measures: { d_off: value, two_tv_off: bound } };
}

/** The same of φ2 on U_on, with `d_on` and `two_tv_on`. */
export function onPolicyAscent(
  tape: Tape,
  players: MomentPlayers,
  batch: TrajectoryBatch,
  settings: Pick<MomentSettings, "features" | "moments">,
): Ascent {
  const view = criticView(tape, players, players.onPolicyCritic, batch, settings);
  const value = onPolicyMoment(tape, view, batch, settings);
  const bound = twoTotalVariation(tape, view.student.logits, view.teacher.logits, batch);
  return { value, measures: { d_on: value, two_tv_on: bound } };
}

/** U_off = Σ_t γ^(t−1) (f(s_t, y_t) − E_{a~π_θ} f(s_t, a)) on texts of the teacher (AMMD Proposition 1). */
export function offPolicyMoment(
  tape: Tape,
  { student, teacher, values }: CriticView,
  batch: ResponseRows,
  { moments }: Pick<MomentSettings, "moments">,
): Variable {
  const taken = moments === "full"
    ? tape.apply(expectation, { logits: teacher.logits, values }, {})
    : tape.apply(pick, { values, ids: tape.constant(batch.actions) }, {});
  const expected = tape.apply(expectation, { logits: student.logits, values }, {});
  return meanOverTokens(tape, difference(tape, taken, expected), batch);
}

/** U_on = Σ_t γ^(t−1) (E_{a~π*} f(s_t, a) − f(s_t, y_t)) on texts of the student (AMMD Proposition 2). */
export function onPolicyMoment(
  tape: Tape,
  view: CriticView,
  batch: ResponseRows,
  settings: Pick<MomentSettings, "moments">,
): Variable {
  return meanOverTokens(tape, onPolicyCosts(tape, view, batch, settings), batch);
}

/** c_t = E_{a~π*} f(s_t, a) − f(s_t, y_t), or with full moments − E_{a~π_θ} f(s_t, a) → `"N"`. */
export function onPolicyCosts(
  tape: Tape,
  { student, teacher, values }: CriticView,
  batch: ResponseRows,
  { moments }: Pick<MomentSettings, "moments">,
): Variable {
  const expected = tape.apply(expectation, { logits: teacher.logits, values }, {});
  const taken = moments === "full"
    ? tape.apply(expectation, { logits: student.logits, values }, {})
    : tape.apply(pick, { values, ids: tape.constant(batch.actions) }, {});
  return difference(tape, expected, taken);
}

/** The student's descent on β U_off + (1 − β) U_on at fixed critics, plus sftWeight × cross-entropy on the data. */
export function studentObjective(settings: MomentSettings): Objective<MomentPlayers, MomentBatch> {
  const { beta, sftWeight } = settings;
  return (tape, players, { offPolicy, onPolicy, data }) => {
    const terms: Term[] = [];
    if (offPolicy) {
      const { student, values } = criticView(tape, players, players.offPolicyCritic, offPolicy, settings);
      terms.push({ weight: beta, value: negatedExpectation(tape, student, values, offPolicy) });
    }
    if (onPolicy) {
      const view = criticView(tape, players, players.onPolicyCritic, onPolicy, settings);
      terms.push({ weight: 1 - beta, value: onPolicyGradientTerm(tape, view, onPolicy, settings) });
    }
    if (data) {
      terms.push({ weight: sftWeight, value: crossEntropyOf(tape, statesOf(tape, players.student, data), data) });
    }
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
  view: CriticView,
  batch: ResponseRows,
  settings: Pick<MomentSettings, "horizon" | "moments" | "gamma" | "baseline">,
): Variable {
  if (settings.horizon === "immediate") return negatedExpectation(tape, view.student, view.values, batch);
  const { gpu } = tape;
  const full = settings.moments === "full";
  const costs = tape.detach(onPolicyCosts(tape, view, batch, settings)).value;
  const toGo = tape.adopt(
    rewardToGo(gpu, { costs, spans: batch.rowSpans }, { gamma: settings.gamma, inclusive: !full }),
  );
  const advantages = tape.adopt(baseline(gpu, { advantages: toGo, spans: batch.rowSpans }, settings.baseline));
  const score = tape.apply(policyGradient, {
    logits: view.student.logits,
    actions: tape.constant(batch.actions),
    advantages: tape.constant(advantages),
  }, {});
  // A_t carries its discount itself.
  const gradientTerm = meanOverTokens(tape, score, { weights: batch.evenWeights });
  if (!full) return gradientTerm;
  const immediate = negatedExpectation(tape, view.student, view.values, batch);
  return linearCombination(tape, [{ weight: 1, value: gradientTerm }, { weight: 1, value: immediate }]);
}

/** −Σ_t γ^(t−1) E_{a~π_θ} f(s_t, a), exact over the vocabulary; no gradient flows into f or through the states it sees. */
export function negatedExpectation(tape: Tape, student: Policy, values: Variable, batch: ResponseRows): Variable {
  const expected = tape.apply(expectation, { logits: student.logits, values: tape.detach(values) }, {});
  return linearCombination(tape, [{ weight: -1, value: meanOverTokens(tape, expected, batch) }]);
}

/** A batch as both policies and a critic see it; no gradient flows from the critic into the policy. */
function criticView(
  tape: Tape,
  players: Pick<MomentPlayers, "student" | "teacher">,
  critic: Critic,
  batch: TrajectoryBatch,
  settings: Pick<MomentSettings, "features">,
): CriticView {
  return valuedBy(tape, critic, statesOfBoth(tape, players, batch), settings);
}

/** States that both policies have seen, and what a critic makes of them. */
export function valuedBy(
  tape: Tape,
  critic: Critic,
  states: { readonly student: States; readonly teacher: States },
  settings: Pick<MomentSettings, "features">,
): CriticView {
  return { ...states, values: critic.values(tape, criticFeatures(tape, states, settings)) };
}

/** What a critic sees of the states: last hidden states, constants to it → `"N F"`. */
export function criticFeatures(
  tape: Tape,
  { student, teacher }: { readonly student: States; readonly teacher: States },
  { features }: Pick<MomentSettings, "features">,
): Variable {
  const own = tape.detach(student.hidden);
  if (features === "student") return own;
  return features === "teacher" ? teacher.hidden : tape.apply(concat, { x: own, y: teacher.hidden }, {});
}

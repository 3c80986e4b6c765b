import { ratioExpectation } from "#kernels/ratio_expectation/ratio_expectation.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { type BatchStates, logitsOf } from "./batch_states.ts";
import { difference, linearCombination, type Term } from "./linear_combination.ts";
import type { Policy } from "./critic_view.ts";
import type { MomentBatch, MomentSettings, ResponseRows } from "./moment_matching.ts";
import type { Objective } from "./objective.ts";
import { totalVariationByToken, twoTotalVariation } from "./policy_distance.ts";
import { meanOverTokens, statesOfBoth } from "./states.ts";
import { crossEntropyOf } from "./supervised.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** Next-token logits of both policies at some states. */
export interface PolicyPair {
  readonly student: Policy;
  readonly teacher: Policy;
}

/**
 * The policy-ratio critic f(s, a) = tanh(c e^κ (log π*(a|s) − log π_θ(a|s))) of the students as they are: with both policies known,
 * the best response of AMMD's game in closed form (docs/moment_matching.md). At c = ½ it is (π* − π_θ) / (π* + π_θ), towards
 * c = ∞ the sign that attains Corollary 1. One number may be learned, κ, from 0.
 */
export class RatioCritic implements Disposable {
  readonly store: ParameterStore;
  readonly #c: number;

  constructor(gpu: Gpu, { c }: { readonly c: number }) {
    this.#c = c;
    this.store = new ParameterStore(
      gpu,
      [{ name: "log_scale", shape: [1], decayed: false, initial: zeros }],
      () => 0,
    );
  }

  /** κ, `"1"`: what is learned where its store is among those that a tape learns. */
  logScale(tape: Tape): Variable {
    return tape.parameter(this.store.get("log_scale"));
  }

  /** E_{a~policy} f(s, a) at every state → `"n"`. The gradient flows into the policy and κ; the two policies in f are held. */
  expectation(tape: Tape, policy: Policy, { student, teacher }: PolicyPair, logScale: Variable): Variable {
    return tape.apply(ratioExpectation, {
      policy: policy.logits,
      teacher: tape.detach(teacher.logits),
      student: tape.detach(student.logits),
      logScale,
    }, { c: this.#c, bias: 0 });
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }
}

/**
 * The critic's moment M_c = E_{a~π*} f − E_{a~π_θ} f ≥ 0, discounted mean over the response tokens of a batch → `"1"`: `d_off` on texts of
 * the teacher, `d_on` on those of the student, at most 2·TV. A gradient flows into κ alone.
 */
export function ratioMoment(
  tape: Tape,
  critic: RatioCritic,
  states: BatchStates<"student" | "teacher">,
  batch: Pick<ResponseRows, "weights">,
): Variable {
  const { gaps } = states.each({}, (tape, policies) => ({
    gaps: gapsAbove(tape, critic, policies, expectationOfOwn(tape, critic, policies)),
  }));
  return meanOverTokens(tape, gaps, batch);
}

/** E_{a~π_θ} f, of which a gradient flows into κ alone → `"n"`. */
function expectationOfOwn(tape: Tape, critic: RatioCritic, { student, teacher }: PolicyPair): Variable {
  const held = { logits: tape.detach(student.logits) };
  return critic.expectation(tape, held, { student, teacher }, critic.logScale(tape));
}

/** E_{a~π*} f − E_{a~π_θ} f where the latter is known, `"n"` → `"n"`. */
function gapsAbove(tape: Tape, critic: RatioCritic, policies: PolicyPair, own: Variable): Variable {
  const teacher = { logits: tape.detach(policies.teacher.logits) };
  return difference(tape, critic.expectation(tape, teacher, policies, critic.logScale(tape)), own);
}

export interface RatioPlayers {
  readonly student: LanguageModel;
  readonly teacher: LanguageModel;
  /** f₁ and f₂ at once: what it is of does not depend on whose text the state is in. */
  readonly critic: RatioCritic;
}

/**
 * The student's descent on β U_off + (1 − β) U_on at its best response, plus sftWeight × cross-entropy on the data: −E_{π_θ} f at the
 * states of either side, f held, with full moments and the immediate horizon. Its gradient is that of Σ_a π* h(π_θ / π*),
 * h'(r) = tanh(c log r): an f-divergence. The measures hold the moments of both sides beside 2·TV.
 *
 * The same tape may learn κ, which then ascends on β M_off + (1 − β) M_on: the loss whose gradient is taken holds these with a minus, the
 * measure `loss` does not.
 */
export function ratioStudentObjective(
  { beta, sftWeight }: Pick<MomentSettings, "beta" | "sftWeight">,
): Objective<RatioPlayers, MomentBatch> {
  return (tape, players, { offPolicy, onPolicy, data }) => {
    const { critic } = players;
    const [terms, ascents]: [Term[], Term[]] = [[], []];
    const measures: Record<string, Variable> = {};
    const match = (side: "off" | "on", weight: number, batch: TrajectoryBatch) => {
      const { own, gaps, distances } = ratioTerms(critic, statesOfBoth(tape, players, batch));
      terms.push({ weight: -weight, value: meanOverTokens(tape, own, batch) });
      const moment = meanOverTokens(tape, gaps, batch);
      ascents.push({ weight: -weight, value: moment });
      measures[`d_${side}`] = moment;
      measures[`two_tv_${side}`] = twoTotalVariation(tape, distances, batch);
    };
    if (offPolicy) match("off", beta, offPolicy);
    if (onPolicy) match("on", 1 - beta, onPolicy);
    if (data) terms.push({ weight: sftWeight, value: crossEntropyOf(tape, players.student, data) });
    const loss = linearCombination(tape, terms);
    if (!critic.logScale(tape).requiresGrad) return { loss, measures: { loss, ...measures } };
    const logScale = linearCombination(tape, [{ weight: 1, value: tape.detach(critic.logScale(tape)) }]);
    return {
      loss: linearCombination(tape, [{ weight: 1, value: loss }, ...ascents]),
      measures: { loss, ...measures, critic_log_scale: logScale },
    };
  };
}

/** E_{a~π_θ} f, f held; the terms of the moment, in which only κ may learn; TV → `"N"` each. */
function ratioTerms(critic: RatioCritic, states: BatchStates<"student" | "teacher">) {
  return states.each({}, (tape, policies) => {
    const logScale = critic.logScale(tape);
    const own = critic.expectation(tape, policies.student, policies, tape.detach(logScale));
    const ownOfMoment = logScale.requiresGrad ? expectationOfOwn(tape, critic, policies) : tape.detach(own);
    const { student, teacher } = logitsOf(policies);
    return {
      own,
      gaps: gapsAbove(tape, critic, policies, ownOfMoment),
      distances: totalVariationByToken(tape, { student: tape.detach(student), teacher }),
    };
  });
}

import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Ascent } from "../ascent.ts";
import { linearCombination } from "../linear_combination.ts";

/** The confidence set of rewards R(D) = { r : LL_r ≥ LL_max − slackPerPair } and how it is held (PbKD). */
export interface ConfidenceSettings {
  /**
   * On the scale of the mean log-likelihood of a pair, in nats: 2ζ / P of the paper's ζ, which bounds half of the summed one. 0 leaves the
   * reward of maximum likelihood alone; Infinity leaves all of them, whatever is preferred.
   */
  readonly slackPerPair: number;
  /** η: how far the multiplier moves per nat. */
  readonly multiplierRate: number;
}

/** Where the multiplier's ascent is. */
export interface ConfidenceState {
  /** λ ≥ 0 */
  readonly multiplier: number;
  /** The greatest mean log-likelihood that was reached, LL_max. */
  readonly maxLogLikelihood: number;
}

/** LL − LL_max + slackPerPair: below 0 where a reward is outside the confidence set. */
export function roomWithin(
  { maxLogLikelihood }: Pick<ConfidenceState, "maxLogLikelihood">,
  logLikelihood: number,
  { slackPerPair }: Pick<ConfidenceSettings, "slackPerPair">,
): number {
  return logLikelihood - maxLogLikelihood + slackPerPair;
}

/**
 * The multiplier after an ascent step that ended at a mean log-likelihood, λ ← max(0, λ − η room): it is 0 while the constraint is slack
 * and rises while it is violated. LL_max rises after that, where the step has passed it.
 */
export function afterAscent(
  state: ConfidenceState,
  logLikelihood: number,
  settings: ConfidenceSettings,
): ConfidenceState {
  const { multiplierRate } = settings;
  const room = roomWithin(state, logLikelihood, settings);
  return {
    multiplier: room === Infinity ? 0 : Math.max(0, state.multiplier - multiplierRate * room),
    maxLogLikelihood: Math.max(state.maxLogLikelihood, logLikelihood),
  };
}

/**
 * The Lagrangian of the largest gap over the confidence set, gap + λ (LL − LL_max + slackPerPair) → `"1"`: an adversary ascends on it. It
 * takes both from the same reward; the gradient flows through both.
 */
export function lagrangian(
  tape: Tape,
  { gap, logLikelihood }: { readonly gap: Variable; readonly logLikelihood: Variable },
  { multiplier, maxLogLikelihood }: ConfidenceState,
  { slackPerPair }: Pick<ConfidenceSettings, "slackPerPair">,
): Variable {
  const offset = Float32Array.of(multiplier * (slackPerPair - maxLogLikelihood));
  return linearCombination(tape, [
    { weight: 1, value: gap },
    { weight: multiplier, value: logLikelihood },
    { weight: 1, value: tape.constant(tape.adopt(tape.gpu.upload(offset))) },
  ]);
}

/**
 * An adversary's ascent held inside the confidence set, with its `log_likelihood` among the measures. Of MM PbKD, that is AMMD's
 * critic step with a constraint; where slackPerPair is infinite it is that step itself, and no pair is asked for.
 *
 * @param logLikelihood of the labels under the reward that ascends
 */
export function heldWithin(
  tape: Tape,
  ascent: Ascent,
  logLikelihood: () => Variable,
  state: ConfidenceState,
  settings: ConfidenceSettings,
): Ascent {
  if (settings.slackPerPair === Infinity) return ascent;
  const likelihood = logLikelihood();
  return {
    value: lagrangian(tape, { gap: ascent.value, logLikelihood: likelihood }, state, settings),
    measures: { ...ascent.measures, log_likelihood: likelihood },
  };
}

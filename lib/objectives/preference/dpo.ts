import type { Named } from "#kernels/op.ts";
import { spanSum } from "#kernels/span_sum/span_sum.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { linearCombination } from "../linear_combination.ts";
import type { ResponseRows } from "../moment_matching.ts";
import type { Objective } from "../objective.ts";
import { actionLogProbs, statesOf } from "../states.ts";
import { logLikelihood } from "./bradley_terry.ts";
import { meanOverLabels, type PairBatch, pairDifferences, type PairLabels } from "./pair_batch.ts";

export interface DpoSettings {
  /** β: how strongly the policy is held to the reference; its reward is β log π/π_ref. */
  readonly beta: number;
}

export interface DpoPlayers {
  readonly student: LanguageModel;
  /** What the student was at the start, or another model that does not learn. */
  readonly reference: LanguageModel;
}

/** log π(τ | x) of the texts of pairs, the first's minus the second's → `"P"`. */
function logProbDifferences(tape: Tape, x: Variable, rows: Pick<ResponseRows, "rowSpans">): Variable {
  const spans = tape.constant(rows.rowSpans);
  return pairDifferences(tape, tape.apply(spanSum, { x, spans }, { gamma: 1, of: "all" }));
}

/**
 * DPO's logits β ((log π_θ − log π_ref)(τ_0) − (log π_θ − log π_ref)(τ_1)) → `"P"`, log-probabilities summed over a text's tokens without
 * discount.
 *
 * @param logProbs log π(y_t | s_t) of both policies, `"N"`; no gradient flows into the reference
 */
export function dpoLogits(
  tape: Tape,
  logProbs: Named<"student" | "reference", Variable>,
  rows: Pick<ResponseRows, "rowSpans">,
  { beta }: DpoSettings,
): Variable {
  return linearCombination(tape, [
    { weight: beta, value: logProbDifferences(tape, logProbs.student, rows) },
    { weight: -beta, value: logProbDifferences(tape, tape.detach(logProbs.reference), rows) },
  ]);
}

/**
 * Direct preference optimization (Rafailov et al. 2023, arXiv 2305.18290, equation 7): minus the mean log-likelihood of the labels under
 * the reward β log π_θ / π_ref. With a soft label each order counts by its probability.
 *
 * Measures: `loss`, and `margin`, the mean reward of the preferred texts above the others.
 */
export function dpo(settings: DpoSettings): Objective<DpoPlayers, PairBatch> {
  return (tape, { student, reference }, batch) => {
    const logProbs = actionLogProbs(statesOf(tape, { student, reference }, batch), batch);
    const logits = dpoLogits(tape, logProbs, batch, settings);
    const loss = dpoLoss(tape, logits, batch);
    return { loss, measures: { loss, margin: meanOverLabels(tape, tape.detach(logits), batch, (x) => x) } };
  };
}

/** Minus the mean log-likelihood of the labels, nats → `"1"`. */
export function dpoLoss(tape: Tape, logits: Variable, labels: PairLabels): Variable {
  return linearCombination(tape, [{ weight: -1, value: logLikelihood(tape, logits, labels) }]);
}

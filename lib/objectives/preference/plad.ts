import { add } from "#kernels/elementwise/add/add.ts";
import { relu } from "#kernels/elementwise/relu/relu.ts";
import { spanSum } from "#kernels/span_sum/span_sum.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { difference, linearCombination } from "../linear_combination.ts";
import type { Objective } from "../objective.ts";
import { actionLogProbs, statesOf } from "../states.ts";
import { meanOverLabels, type PairBatch, pairDifferences, type PairRows } from "./pair_batch.ts";

/**
 * By how much the preferred text's score must lead. `ranking`: by a margin that is the same for all pairs. `margin`: by `scale` times the
 * difference of the texts' qualities.
 */
export type PladSettings =
  | { readonly kind: "ranking"; readonly margin: number }
  | { readonly kind: "margin"; readonly scale: number };

/**
 * PLaD's calibration losses (Zhang et al. 2024, arXiv 2406.02886) on length-normalised scores s(τ) = mean_t log π_θ(a_t | s_t), so that a
 * student is not asked for its teacher's probabilities → `"1"`:
 *
 *     ranking   max(0, margin − (s(τ⁺) − s(τ⁻)))
 *     margin    max(0, scale (quality(τ⁺) − quality(τ⁻)) − (s(τ⁺) − s(τ⁻)))
 *
 * mean over the pairs, each order of a soft label by its probability. The forms as written here are this project's.
 *
 * @param logProb log π_θ(a_t | s_t), `"N"`
 * @throws {RangeError} if the margin is of qualities, and the pairs have none
 */
export function pladLoss(
  tape: Tape,
  logProb: Variable,
  rows: PairRows & Pick<PairBatch, "qualityGaps">,
  settings: PladSettings,
): Variable {
  const scores = tape.apply(spanSum, { x: logProb, spans: tape.constant(rows.rowSpans) }, { gamma: 1, of: "mean" });
  const differences = pairDifferences(tape, scores);
  if (settings.kind === "ranking") {
    const margins = new Float32Array(differences.value.shape[0]).fill(settings.margin);
    const margin = tape.constant(tape.adopt(tape.gpu.upload(margins)));
    return meanOverLabels(tape, differences, rows, (lead) => hinge(tape, difference(tape, margin, lead)));
  }
  if (!rows.qualityGaps) throw new RangeError("Cannot take a margin of qualities: some pairs have none");
  // Both sides change their sign with the order of the texts.
  const lead = tape.apply(add, { x: differences, y: tape.constant(rows.qualityGaps) }, {
    xScale: 1,
    yScale: -settings.scale,
  });
  return meanOverLabels(
    tape,
    lead,
    rows,
    (ahead) => hinge(tape, linearCombination(tape, [{ weight: -1, value: ahead }])),
  );
}

/** The student's descent on PLaD's loss. Measure: `loss`. */
export function plad(settings: PladSettings): Objective<{ readonly student: LanguageModel }, PairBatch> {
  return (tape, { student }, batch) => {
    const logProbs = actionLogProbs(statesOf(tape, { student }, batch), batch);
    const loss = pladLoss(tape, logProbs.student, batch, settings);
    return { loss, measures: { loss } };
  };
}

function hinge(tape: Tape, x: Variable): Variable {
  return tape.apply(relu, { x }, {});
}

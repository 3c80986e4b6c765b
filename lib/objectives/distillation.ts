import { lump } from "#kernels/lump/lump.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { logitsOf } from "./batch_states.ts";
import { type Distance, distanceByToken } from "./distance.ts";
import { linearCombination } from "./linear_combination.ts";
import type { Objective, ObjectiveValue } from "./objective.ts";
import { meanOverTokens, statesOf, statesOfBoth, surprise } from "./states.ts";
import { fineTuning } from "./supervised.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

export interface DistillationSettings {
  readonly distance: Distance;
  /** Weight of the distance; 1 − kdRatio is that of cross-entropy on the texts. 0 needs no teacher, 1 no labels. */
  readonly kdRatio: number;
  /** Divides both policies' logits within the distance. */
  readonly temperature: number;
}

/** A distance by itself, without labels, at temperature 1. */
export function distanceAlone(distance: Distance): DistillationSettings {
  return { distance, kdRatio: 1, temperature: 1 };
}

/** A student and the teacher that it is measured against; only the student learns. */
export interface DistillationPlayers {
  readonly student: LanguageModel;
  readonly teacher: LanguageModel;
}

/**
 * Word-level distillation: (1 − kdRatio) CE + kdRatio · distance(teacher, student), at the states of the given texts. The methods
 * are this with a distance and a source of texts:
 *
 * - KD: forward KL on the data (Hinton et al. 2015; Sanh et al. 2019, arXiv 1910.01108)
 * - SeqKD: kdRatio 0, cross-entropy on the teacher's own texts (Kim & Rush 2016, arXiv 1606.07947)
 * - ImitKD: forward KL on texts of the student (Lin et al. 2020, arXiv 2009.07253)
 * - GKD: Jensen-Shannon on the data and on texts of the student (Agarwal et al. 2023, arXiv 2306.13649)
 * - DistiLLM: a skewed KL on both, by its scheduler (Ko et al. 2024, arXiv 2402.03898)
 * - on-policy distillation: reverse KL on texts of the student (Thinking Machines 2025). There, the log ratio at the sampled token
 *   is the advantage of a policy gradient; here, the sum over the whole vocabulary is differentiated: the same gradient in
 *   expectation, without the variance of one sample. In neither does a token answer for the states after it.
 * - ABKD: the α-β-divergence on the data (Wang et al. 2025, arXiv 2505.04560)
 * - AKL: the adaptive KL on the data (Wu et al. 2024, arXiv 2404.02657)
 *
 * Measures: `loss`, and where it has both terms the distance under its name, as in `forward_kl`.
 */
export function distillation(settings: DistillationSettings): Objective<DistillationPlayers, TrajectoryBatch> {
  const { distance, kdRatio, temperature } = settings;
  if (kdRatio === 0) return fineTuning;
  return (tape, players, batch) => {
    const { actions } = batch;
    const terms = statesOfBoth(tape, players, batch).each({ actions }, (tape, states, rows) => ({
      distances: distanceByToken(tape, distance, logitsOf(states), temperature),
      ...(kdRatio < 1 && { surprises: surprise(tape, states.student.logits, rows) }),
    }));
    return combined(tape, terms, batch, settings);
  };
}

/** Texts, and what the teacher makes of their states, as far as it was kept: see `KnownTopTokens`. */
export interface TaughtBatch extends TrajectoryBatch {
  /** `"N K"` u32: tokens of each state, ascending */
  readonly topTokens: Tensor;
  /** `"N E"`: log-probabilities of these, and of any other token where there is one, at the temperature of the settings */
  readonly topLogProbs: Tensor;
}

/**
 * The same without the teacher, from its probabilities of a state's K likeliest tokens. All other tokens are one event, "another one", of
 * teacher and student alike: the distance is of two distributions over K + 1 events. Of the distances that are f-divergences (all but
 * `alphaBeta` and `adaptiveKl`) that is at most the distance itself, as nothing that is done to both makes them easier to tell apart
 * (the data-processing inequality; Cover & Thomas, Elements of Information Theory). It is the distance itself for K = V. The student is
 * told how likely the rest is, not what is likely in it; no mass is given to the K that is not theirs.
 */
export function distillationFromKnown(
  settings: DistillationSettings,
): Objective<Pick<DistillationPlayers, "student">, TaughtBatch> {
  const { distance, kdRatio, temperature } = settings;
  if (kdRatio === 0) return fineTuning;
  return (tape, { student }, batch) => {
    const { actions, topTokens, topLogProbs } = batch;
    const known = { actions, topTokens, topLogProbs };
    const terms = statesOf(tape, { student }, batch).each(known, (tape, { student: { logits } }, rows) => {
      const events = tape.apply(lump, { logits, ids: tape.constant(rows.topTokens) }, { temperature });
      return {
        distances: distanceByToken(tape, distance, { student: events, teacher: tape.constant(rows.topLogProbs) }),
        ...(kdRatio < 1 && { surprises: surprise(tape, logits, rows) }),
      };
    });
    return combined(tape, terms, batch, settings);
  };
}

/** Means over the tokens, weighed. */
function combined(
  tape: Tape,
  { distances, surprises }: { readonly distances: Variable; readonly surprises?: Variable },
  batch: TrajectoryBatch,
  { distance, kdRatio }: DistillationSettings,
): ObjectiveValue {
  const divergence = meanOverTokens(tape, distances, batch);
  if (!surprises) return { loss: divergence, measures: { loss: divergence } };
  const loss = linearCombination(tape, [
    { weight: kdRatio, value: divergence },
    { weight: 1 - kdRatio, value: meanOverTokens(tape, surprises, batch) },
  ]);
  return { loss, measures: { loss, [measureOf(distance)]: divergence } };
}

/** `forward_kl` of `forwardKl` */
function measureOf({ kind }: Distance): string {
  return kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

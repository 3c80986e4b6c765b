import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { forwardKl } from "#kernels/forward_kl/forward_kl.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { linearCombination } from "./linear_combination.ts";
import type { Objective, ObjectiveValue } from "./objective.ts";
import { meanOverTokens, type States, statesOf, statesOfBoth } from "./states.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** −log π_θ(y_t | s_t), mean over response tokens, of states already computed. */
export function crossEntropyOf(tape: Tape, { logits }: States, batch: TrajectoryBatch): Variable {
  return meanOverTokens(tape, tape.apply(crossEntropy, { logits, labels: tape.constant(batch.actions) }, {}), batch);
}

/** Fine-tuning: cross-entropy on the given responses (SFT, SFT continued, and SeqKD on a teacher's texts). */
export const fineTuning: Objective<{ student: Decoder }, TrajectoryBatch> = (tape, { student }, batch) => {
  const loss = crossEntropyOf(tape, statesOf(tape, student, batch), batch);
  return { loss, measures: { loss } };
};

/**
 * Word-level distillation: (1 − kdRatio) CE + kdRatio KL(π* ‖ π_θ) at the states of the given texts (Hinton et al. 2015; Sanh et
 * al. 2019).
 */
export function logitDistillation(
  { kdRatio, temperature }: { kdRatio: number; temperature: number },
): Objective<{ student: Decoder; teacher: Decoder }, TrajectoryBatch> {
  return (tape, players, batch): ObjectiveValue => {
    const { student, teacher } = statesOfBoth(tape, players, batch);
    const perToken = tape.apply(forwardKl, { student: student.logits, teacher: teacher.logits }, { temperature });
    const divergence = meanOverTokens(tape, perToken, batch);
    if (kdRatio === 1) return { loss: divergence, measures: { loss: divergence } };
    const loss = linearCombination(tape, [
      { weight: kdRatio, value: divergence },
      { weight: 1 - kdRatio, value: crossEntropyOf(tape, student, batch) },
    ]);
    return { loss, measures: { loss, forward_kl: divergence } };
  };
}

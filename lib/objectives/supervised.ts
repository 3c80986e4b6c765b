import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Objective } from "./objective.ts";
import { meanOverTokens, type States, statesOf } from "./states.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** −log π_θ(y_t | s_t), mean over response tokens, of states already computed. */
export function crossEntropyOf(tape: Tape, { logits }: States, batch: TrajectoryBatch): Variable {
  return meanOverTokens(tape, tape.apply(crossEntropy, { logits, labels: tape.constant(batch.actions) }, {}), batch);
}

/** Fine-tuning: cross-entropy on the given responses (SFT, SFT continued, and SeqKD on a teacher's texts). */
export const fineTuning: Objective<{ student: LanguageModel }, TrajectoryBatch> = (tape, { student }, batch) => {
  const loss = crossEntropyOf(tape, statesOf(tape, student, batch), batch);
  return { loss, measures: { loss } };
};

import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Objective } from "./objective.ts";
import { meanOverTokens, statesOf, surprise } from "./states.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** −log π_θ(y_t | s_t), mean over response tokens. */
export function crossEntropyOf(tape: Tape, student: LanguageModel, batch: TrajectoryBatch): Variable {
  const { actions } = batch;
  const { surprises } = statesOf(tape, { student }, batch).each({ actions }, (tape, { student }, rows) => ({
    surprises: surprise(tape, student.logits, rows),
  }));
  return meanOverTokens(tape, surprises, batch);
}

/** Fine-tuning: cross-entropy on the given responses (SFT, SFT continued, and SeqKD on a teacher's texts). */
export const fineTuning: Objective<{ student: LanguageModel }, TrajectoryBatch> = (tape, { student }, batch) => {
  const loss = crossEntropyOf(tape, student, batch);
  return { loss, measures: { loss } };
};

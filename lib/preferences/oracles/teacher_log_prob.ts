import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { actionLogProbs, statesOf } from "#lib/objectives/states.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { trajectoriesOf } from "../preference_pair.ts";
import type { Oracle } from "./oracle.ts";

export interface TeacherLogProbSettings {
  /**
   * Whether the log-probability of a text is divided by its tokens, the end-of-text token included. The sum, as Bradley-Terry rewards
   * and DPO take it, favours short texts; the mean is what PLaD compares (arXiv 2406.02886).
   */
  readonly perToken: boolean;
  /** Texts that the teacher reads at once. */
  readonly batchSize: number;
}

/**
 * Prefers the text that the teacher finds likelier: log π*(y | x) = Σ_t log π*(y_t | x, y_<t), in nats, not discounted, and not
 * normalised by length unless the settings say so. The difference is that of the two texts.
 */
export function teacherLogProb(gpu: Gpu, teacher: LanguageModel, settings: TeacherLogProbSettings): Oracle {
  return {
    name: "teacherLogProb",
    async differences(contests, stop) {
      const texts = trajectoriesOf(contests);
      const scores: number[] = [];
      for (let start = 0; start < texts.length; start += settings.batchSize) {
        stop?.throwIfAborted();
        const batch = texts.slice(start, start + settings.batchSize);
        for (const score of await logProbabilitiesOf(gpu, teacher, batch, settings.perToken)) scores.push(score);
      }
      return contests.map((_, n) => scores[2 * n] - scores[2 * n + 1]);
    },
  };
}

/** The log-probability of each text, in nats, or its mean over the text's tokens. Sums are taken in float64. */
async function logProbabilitiesOf(
  gpu: Gpu,
  model: LanguageModel,
  texts: readonly Trajectory[],
  perToken: boolean,
): Promise<number[]> {
  const batch = packTrajectories(gpu, texts, model.layout);
  try {
    using tape = new Tape(gpu);
    const logProbs = actionLogProbs(statesOf(tape, { model }, batch), batch).model;
    const values = [...await gpu.read(logProbs.value)];
    let start = 0;
    return texts.map(({ response: { length } }) => {
      const sum = values.slice(start, start += length).reduce((total, logProb) => total + logProb, 0);
      return perToken ? sum / length : sum;
    });
  } finally {
    releaseBatch(gpu, batch);
  }
}

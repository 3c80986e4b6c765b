import type { Gpu } from "#kernels/runtime/gpu.ts";
import { mediansByTurns } from "./timing.ts";
import { TinyTraining } from "./tiny_training.ts";

/** A method, and what it has the student write in a step. */
interface Method {
  /** Batches of texts that are written at once. */
  readonly batches: number;
  /** Steps to each such writing. */
  readonly stepsAWriting: number;
  run(training: TinyTraining, steps: number): Promise<void>;
}

/** `adversarial_step` is `ammd_step` with cross-entropy on the data beside the moments (`ammd_sft`). */
const METHODS = {
  "onpolicy_step/tiny": {
    batches: 1,
    stepsAWriting: 1,
    run: (training, steps) => training.distil(steps, { kind: "reverseKl" }, () => true),
  },
  "gkd_step/tiny": {
    batches: 1,
    stepsAWriting: 2,
    // GKD draws which it is: here the data and the student's texts alternate, so that its share of a half is exact.
    run: (training, steps) => training.distil(steps, { kind: "jensenShannon", weight: 0.5 }, (step) => step % 2 === 0),
  },
  "ammd_step/tiny": { batches: 2, stepsAWriting: 1, run: (training, steps) => training.matchMoments(steps, {}) },
  "adversarial_step/tiny": {
    batches: 2,
    stepsAWriting: 1,
    run: (training, steps) => training.matchMoments(steps, { sftWeight: 0.5 }),
  },
} satisfies Record<string, Method>;

export type TrainingStepName = keyof typeof METHODS;
export const TRAINING_STEPS = Object.keys(METHODS) as TrainingStepName[];

export interface TrainingStepTime {
  readonly name: TrainingStepName;
  readonly ms: number;
  /** Fraction of the time that goes into writing the student's texts, taken from a timing of that alone. */
  readonly decodingShare: number;
  /** Time over that of GKD's step, where both are measured. */
  readonly timesGkd?: number;
}

const STEPS = 6;
const REPEATS = 7;

/** Times a step of each method at the sizes of profile `tiny`: by turns, so that all meet the same state of the machine. */
export async function timeTrainingSteps(gpu: Gpu, names: readonly TrainingStepName[]): Promise<TrainingStepTime[]> {
  if (names.length === 0) return [];
  using training = await TinyTraining.open(gpu);
  const methods = names.map((name): Method => METHODS[name]);
  const writings = [...new Set(methods.map(({ batches }) => batches))];
  const medians = await mediansByTurns(gpu, REPEATS, [
    ...methods.map((method) => () => method.run(training, STEPS)),
    ...writings.map((batches) => async () => void await training.generate(STEPS, batches)),
  ]);
  const times = names.map((name, i) => {
    const { batches, stepsAWriting } = methods[i];
    const writing = medians[names.length + writings.indexOf(batches)] / stepsAWriting;
    return { name, ms: medians[i] / STEPS, decodingShare: writing / medians[i] };
  });
  const gkd = times.find(({ name }) => name === "gkd_step/tiny");
  return times.map((time) => gkd && time !== gkd ? { ...time, timesGkd: time.ms / gkd.ms } : time);
}

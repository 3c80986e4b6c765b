import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { MethodTraining } from "./method_training.ts";
import { BATCH, openTinyTraining } from "./tiny_training.ts";
import type { Shared, Work } from "./work.ts";

/** Steps of one run: even, so that every other one is on the student's texts where a method alternates. */
const STEPS = 2;

/**
 * What a run of a method, or of the writing of texts alone, does. Every step of a student is on as many texts: AMMD's on half a batch of
 * the teacher's and half a batch of its own.
 */
const RUNS = {
  onPolicyStep: (training: MethodTraining) => training.distil(STEPS, { kind: "reverseKl" }, () => true),
  // GKD draws which it is: here the data and the student's texts alternate, so that its share of a half is exact.
  gkdStep: (training: MethodTraining) =>
    training.distil(STEPS, { kind: "jensenShannon", weight: 0.5 }, (step) => step % 2 === 0),
  ammdStep: (training: MethodTraining) => training.matchRatioMoments(STEPS),
  ammdLearnedStep: (training: MethodTraining) => training.matchMoments(STEPS),
  writing: async (training: MethodTraining) => void await training.generate(STEPS, BATCH),
  writingHalf: async (training: MethodTraining) => void await training.generate(STEPS, BATCH / 2),
} as const;

export type TinyRun = keyof typeof RUNS;

/** A step of a method at the sizes of profile `tiny`, or the writing of the texts of one. */
export async function tinyWork(gpu: Gpu, shared: Shared, run: TinyRun): Promise<Work> {
  const training = await shared.once("tiny training", () => openTinyTraining(gpu));
  return { size: { units: STEPS }, run: () => RUNS[run](training), [Symbol.dispose]() {} };
}

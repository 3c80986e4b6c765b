import { z } from "zod";

const MAX_TEXTS = 4096;

const count = z.int().min(1);

/** The section `imitationGap` of a profile. */
export const IMITATION_GAP_SCHEMA = z.strictObject({
  vocabSize: z.int().min(2),
  horizon: count,
  gamma: z.number().gt(0).max(1),
  criticSteps: count,
  criticBatchSize: count,
  criticLearningRate: z.number().gt(0),
  logEvery: count,
}).refine(({ vocabSize, horizon }) => vocabSize ** horizon <= MAX_TEXTS, {
  message: `there may be at most ${MAX_TEXTS} texts, vocabSize to the power of horizon, as each is enumerated`,
  path: ["horizon"],
});

export type ImitationGapSettings = Readonly<z.infer<typeof IMITATION_GAP_SCHEMA>>;

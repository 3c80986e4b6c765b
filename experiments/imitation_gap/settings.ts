import { z } from "zod";
import { defineSection } from "#lib/bench/section.ts";
import { count, positive } from "#lib/bench/setting_schemas.ts";

const MAX_TEXTS = 4096;

/** The section of problems small enough to enumerate. */
export const IMITATION_GAP = defineSection({
  name: "imitationGap",
  schema: z.strictObject({
    vocabSize: z.int().min(2).default(3).describe("words"),
    horizon: count.default(4).describe("words of a text"),
    gamma: positive.max(1).default(0.9).describe("discount of later words"),
    criticSteps: count.default(200).describe("of a critic with a value for every prefix and next word"),
    criticBatchSize: count.default(32).describe("texts of a step"),
    criticLearningRate: positive.default(0.1).describe("without warm-up or decay"),
    logEvery: count.default(20).describe("steps between looks at the critic"),
  }),
  check: ({ vocabSize, horizon }) =>
    vocabSize ** horizon <= MAX_TEXTS ? [] : [{
      path: ["horizon"],
      message: `there may be at most ${MAX_TEXTS} texts, vocabSize to the power of horizon, as each is enumerated`,
    }],
});

export type ImitationGapSettings = ReturnType<typeof IMITATION_GAP.of>;

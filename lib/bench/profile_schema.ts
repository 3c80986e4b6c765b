import { z } from "zod";
import { JUDGE_SCHEMA } from "#lib/judge/settings.ts";
import { IMITATION_GAP_SCHEMA } from "./imitation_gap_settings.ts";
import {
  ammd,
  count,
  countOrNone,
  decay,
  distillation,
  fraction,
  insideUnit,
  model,
  names,
  positive,
  seed,
  seeds,
  training,
} from "./setting_schemas.ts";
import { TASK_SPECIFIC_SCHEMA } from "./task_settings.ts";

/** What a profile's YAML must hold: every key, and no other. `experiments/profiles/tiny.yaml` explains them. */
export const PROFILE_SCHEMA = z.strictObject({
  trial: z.strictObject({ experiments: names, methods: names }).optional(),
  seeds,
  data: z.strictObject({
    wordsPerCategory: z.int().min(2).max(6),
    trainRecords: count,
    itemsPerSet: count,
    vocabSize: z.int().min(64),
    maxNewTokens: count,
    maxPromptTokens: z.int().min(2),
    longPrompts: z.enum(["drop", "truncate"]),
  }),
  teacher: z.strictObject({ model, training, seed }),
  student: z.strictObject({ model, training }),
  distillation,
  optimizer: z.strictObject({
    batchSize: count,
    betas: z.tuple([decay, decay]),
    weightDecay: z.number().min(0),
    maxGradNorm: positive,
    finalLearningRateFraction: fraction,
  }),
  kd: z.strictObject({ kdRatio: fraction, temperature: positive }),
  imitkd: z.strictObject({ studentShare: fraction, capacity: count }),
  gkd: z.strictObject({ studentShare: fraction, weight: insideUnit }),
  distillm: z.strictObject({
    skew: z.number().min(0).lt(1),
    capacity: count,
    initialStudentShare: fraction,
    studentShareIncrement: fraction,
    raiseWhen: z.enum(["lossStalls", "lossRises"]),
    lossMargin: z.number().min(0),
  }),
  minillm: z.strictObject({
    mixtureWeight: fraction,
    rewardScale: positive,
    rewardClip: positive,
    gamma: positive.max(1),
    inclusive: z.boolean(),
    lengthNormalized: z.boolean(),
    whitened: z.boolean(),
    clipRange: positive,
    ppoEpochs: count,
    rolloutBatches: count,
    singleStep: z.boolean(),
    taskWeight: z.number().min(0),
    taskKdRatio: fraction,
  }),
  abkd: z.strictObject({ alpha: positive, beta: positive }),
  akl: z.strictObject({ headMass: insideUnit }),
  ammd,
  imitationGap: IMITATION_GAP_SCHEMA,
  judge: JUDGE_SCHEMA,
  taskSpecific: TASK_SPECIFIC_SCHEMA,
  evaluation: z.strictObject({
    temperature: z.number().min(0),
    topK: countOrNone,
    topP: positive.max(1),
    samplingSeeds: seeds,
    batchSize: count,
    curveEvery: count,
    curvePrompts: count,
    criticSteps: count,
    criticLearningRate: positive,
    logEvery: count,
  }),
}).superRefine(({ imitkd, distillm, optimizer: { batchSize } }, context) => {
  for (const [method, { capacity }] of Object.entries({ imitkd, distillm })) {
    if (capacity >= batchSize) continue;
    const message = `a step draws ${batchSize} texts (optimizer.batchSize) from the buffer`;
    context.addIssue({ code: "custom", path: [method, "capacity"], message });
  }
});

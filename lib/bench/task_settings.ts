import { z } from "zod";
import { ammd, count, distillation, model, seed, seeds, training } from "./setting_schemas.ts";

/** One data set: its lengths in tokens, its teacher, and how long students train. */
const corpus = z.strictObject({
  maxSourceTokens: z.int().min(2),
  maxTargetTokens: z.int().min(2),
  teacher: z.strictObject({ model, training, seed }),
  student: training,
  distillation,
});

/** The section `taskSpecific` of a profile; `experiments/profiles/tiny.yaml` explains it. */
export const TASK_SPECIFIC_SCHEMA = z.strictObject({
  vocabSize: z.int().min(64),
  trainRecords: count,
  itemsPerSet: count,
  longSources: z.enum(["drop", "truncate", "refuse"]),
  beams: z.int().min(1).max(16),
  lengthPenalty: z.number().min(0),
  samplingSeeds: seeds,
  curveEvery: count,
  curvePrompts: count,
  ammd: ammd.partial(),
  sizes: z.strictObject({ small: model, base: model, large: model }),
  samsum: corpus,
  iwslt: corpus,
  strategyqa: corpus,
});

import { z } from "zod";
import { defineSection } from "#lib/bench/section.ts";
import { SEQUENCE_TASK_NAMES, SEQUENCE_TASKS, type SequenceTaskName } from "./registry.ts";
import { checkpoint, count, distillation, model, seeds, teacher, training } from "#lib/bench/setting_schemas.ts";

const checkpoints = z.strictObject({ small: checkpoint, base: checkpoint, large: checkpoint })
  .describe("of the students, in place of `sizes`");

/** One data set: its lengths in tokens, its teacher, and how long students train. */
const corpus = z.strictObject({
  maxSourceTokens: z.int().min(2).describe("with the end-of-text token"),
  maxTargetTokens: z.int().min(2).describe("a longer target is not trained on, a longer response is cut"),
  teacher: teacher.describe("one for the students of all sizes"),
  student: training.describe("fine-tuned on the data"),
  checkpoints: checkpoints.optional(),
  hub: z.string().regex(
    /^[\w.-]+\/[\w.-]+(@[^/]+)?(\/.+)?$/,
    "expected ORG/NAME[@REVISION][/FOLDER], a data set of the hub",
  )
    .optional().describe("its data set on the hub, in place of the embedded data"),
  prefix: z.string().optional().describe("in front of every source that a checkpoint reads, as in 'summarize: '"),
  distillation: distillation.describe("for every method"),
});

/** A section for each data set of the registry. */
const corpora = Object.fromEntries(
  SEQUENCE_TASK_NAMES.map((name) => [name, corpus.describe(`${SEQUENCE_TASKS[name].label}: lengths, teacher, steps`)]),
) as Readonly<Record<SequenceTaskName, typeof corpus>>;

/**
 * The section of encoder-decoders after T5 v1.1; what is not set here is as in the common sections. A section of a method in it holds
 * what differs from the method's own.
 */
export const TASK_SPECIFIC = defineSection({
  name: "taskSpecific",
  overridesMethods: true,
  schema: z.strictObject({
    vocabSize: z.int().min(64).default(64).describe(
      "of the BPE trained on a task's training records, special tokens included; checkpoints have their own",
    ),
    trainRecords: count.describe("the most training records of each task; with --data too"),
    itemsPerSet: count.describe("the most test records of each task, and the most validation records"),
    longSources: z.enum(["drop", "truncate", "refuse"]).describe("what happens to a source over its limit"),
    beams: z.int().min(1).max(16).describe(
      "of the search for the likeliest response; 1 takes the likeliest token at every step",
    ),
    lengthPenalty: z.number().min(0).describe("power of the length that a beam's score is divided by"),
    samplingSeeds: seeds.describe("each a sampled response to every source, beside the likeliest"),
    curveEvery: count.describe("steps between evaluations on held-out sources"),
    curvePrompts: count.describe("held-out sources of such an evaluation"),
    sizes: z.strictObject({
      small: model,
      base: model.describe("the one that every method trains"),
      large: model,
    }).optional().describe("of the students: layers of the encoder, and as many of the decoder"),
    checkpoints: checkpoints.optional(),
    ...corpora,
  }),
  check: ({ sizes, checkpoints, ...settings }) =>
    SEQUENCE_TASK_NAMES.flatMap((corpus) => {
      const { teacher, checkpoints: own = checkpoints } = settings[corpus];
      if ((sizes === undefined) === (own === undefined)) {
        return [{ path: ["sizes"], message: `must stand where \`checkpoints\` do not, of ${corpus} one of the two` }];
      }
      if ((teacher.checkpoint === undefined) === (own === undefined)) return [];
      return [{
        path: [corpus, "teacher"],
        message: "must be a checkpoint where students are, and of sizes where they are",
      }];
    }),
});

export type TaskSpecificSettings = ReturnType<typeof TASK_SPECIFIC.of>;

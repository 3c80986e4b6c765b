import { z } from "zod";
import { NARROW_FORMS } from "#kernels/widen/narrow.ts";

// The parts that the sections of a profile are made of.

const MAX_SEED = 2 ** 32 - 1;

export const count = z.int().min(1);
export const countOrNone = z.int().min(0);
export const seed = z.int().min(0).max(MAX_SEED);
export const positive = z.number().gt(0);
export const fraction = z.number().min(0).max(1);
export const insideUnit = z.number().gt(0).lt(1);
export const decay = z.number().min(0).lt(1);

export const seeds = z.array(seed).min(1).refine(
  (values) => new Set(values).size === values.length,
  "a seed occurs twice",
);

export const names = z.array(z.string()).min(1);

/** Rotary embedding turns pairs of a head's dimensions, and kernels read four numbers at once. */
export const model = z.strictObject({
  hiddenSize: count.describe("size of the hidden states; feed-forward is 8/3 (decoders) or 2 (encoder-decoders) of it"),
  numLayers: count.describe("blocks; of an encoder-decoder, this many in each"),
  numHeads: count.describe("of attention"),
}).refine(
  ({ hiddenSize, numHeads }) => hiddenSize % (4 * numHeads) === 0,
  { message: "hiddenSize must be a multiple of 4 × numHeads", path: ["hiddenSize"] },
);

/** A published model in the place of sizes. */
export const checkpoint = z.string().min(1).describe(
  "in place of `model`: ORG/NAME[@REVISION] of the hub's cache, BASE+ADAPTER, or a folder",
);

/** A model of these sizes, trained from drawn values, or a checkpoint: one of the two. */
export const modelOrCheckpoint = {
  model: model.optional().describe("sizes of a model that starts from drawn values"),
  checkpoint: checkpoint.optional(),
};

/** What is the matter with a player that has both or neither. */
export const oneOfTwo = {
  isRight: ({ model, checkpoint }: { readonly model?: object; readonly checkpoint?: string }) =>
    (model === undefined) !== (checkpoint === undefined),
  message: "must have one of `model` (sizes) and `checkpoint` (a name of the hub, or a folder)",
};

/** What is the matter with a teacher in fewer bits: its matrices cannot learn. */
export const formStands = {
  isRight: ({ form, lora, training }: {
    readonly form?: string;
    readonly lora?: object;
    readonly training: { readonly steps: number };
  }) => form === undefined || lora !== undefined || training.steps === 0,
  message: "with `form` its matrices cannot learn; set training.steps to 0, or `lora`, or leave `form` out",
};

/** Changes of low rank by which a checkpoint learns. */
export const lora = z.strictObject({
  rank: count.describe("of the changes"),
  alpha: positive.describe("changes are multiplied by alpha / rank"),
  targets: names.optional().describe("layers that are changed, as in q_proj; default those that attend"),
});

/** What a teacher that is not trained may be kept as. */
export const form = z.enum(NARROW_FORMS).optional().describe(
  "fewer bits for the matrices of a teacher that is taken as it is; default float32",
);

export const training = z.strictObject({
  steps: count.describe("optimizer updates"),
  learningRate: positive.describe("at its peak"),
  warmupSteps: countOrNone.describe("steps over which the rate rises to its peak"),
});

/** Of what may be trained already. */
export const fineTuning = z.strictObject({
  ...training.shape,
  steps: countOrNone.describe("optimizer updates; 0 leaves a model as it is"),
});

export const distillation = z.strictObject({
  ...training.shape,
  textsPerStep: count.optional()
    .describe("texts that a student reads at each step, whatever their sources; default optimizer.batchSize"),
  teacherTexts: count.describe("training prompts that the teacher answers once, for off-policy texts"),
});

/** A teacher: of sizes or a checkpoint, fine-tuned on the data. */
export const teacher = z.strictObject({
  ...modelOrCheckpoint,
  form,
  lora: lora.optional().describe("by which a checkpoint is fine-tuned, in place of all weights"),
  training: fineTuning,
  seed: seed.describe("of its parameters and batches"),
}).refine(oneOfTwo.isRight, oneOfTwo.message).refine(formStands.isRight, formStands.message);

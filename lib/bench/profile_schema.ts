import { z } from "zod";
import { JUDGE_SCHEMA } from "#lib/judge/settings.ts";
import { CRITIC_HEADS } from "#lib/models/critic.ts";
import type { Experiment } from "./experiment.ts";
import { sectionOf } from "./method_registry.ts";
import { namedExperiments, type Profile } from "./profile.ts";
import { partialOf, type Section, type SettingIssue } from "./section.ts";
import {
  count,
  countOrNone,
  decay,
  distillation,
  fineTuning,
  fraction,
  lora,
  modelOrCheckpoint,
  names,
  oneOfTwo,
  positive,
  seeds,
  teacher,
} from "./setting_schemas.ts";

/** The ruler of students: fresh critics, fitted to measure the moment distances that a trained student has left. */
const critic = z.strictObject({
  steps: count.describe("ascent steps of a fresh critic on each side"),
  learningRate: positive.describe("of such a critic"),
  features: z.enum(["student", "teacher", "both"]).default("both").describe("whose last hidden states it sees"),
  head: z.enum(CRITIC_HEADS).default("linear").describe(
    "a linear map, one behind a hidden layer, or one read by the teacher's own head",
  ),
  bound: z.enum(["tanh", "none"]).default("tanh").describe("of its values: tanh keeps |f| <= 1"),
  moments: z.enum(["sampled", "full"]).default("full")
    .describe("an action's value, or its expectation under the policy that drew it"),
});

const hubFile = z.string().regex(
  /^[\w.-]+\/[\w.-]+(@[^/]+)?\/.+\.jsonl$/,
  "expected a JSON Lines file of a data set, ORG/NAME/FILE or ORG/NAME@REVISION/FILE",
);

/** Records of instructions, each file as in `MiniLLM/dolly/valid.jsonl`. */
const dataFiles = z.strictObject({
  train: hubFile.describe("training records, of which the first are for validation"),
  validationRecords: count.describe("so many"),
  evaluation: z.record(z.string(), hubFile).describe("evaluation sets, each a file, by the names of tables"),
});

/** What every profile holds; a method, a task or an experiment may add a section of its own. */
export const COMMON_SECTIONS = z.strictObject({
  trial: z.strictObject({
    experiments: names.describe("no others"),
    methods: names.describe("no other rows"),
  }).optional().describe("a first look that every machine computes and compares with what is recorded"),
  experiments: names.optional().describe("no others; default all"),
  seeds: seeds.describe("of the students' parameters, batches and samples: one row of scores each"),
  // Of which names there may be, `profileSchema` knows.
  seedsOf: z.record(z.string(), seeds).default({}),
  data: z.strictObject({
    wordsPerCategory: z.int().min(2).max(6).default(2).describe(
      "nouns in each of the 8 categories of the embedded tasks",
    ),
    trainRecords: count.describe("the most training records that are used; with --data too"),
    itemsPerSet: count.describe("the most prompts in each evaluation set and in validation"),
    vocabSize: z.int().min(64).default(64).describe(
      "of the BPE trained on the training records, special tokens included; checkpoints have their own",
    ),
    files: dataFiles.optional().describe("of data sets of the hub, in place of the embedded data"),
    maxNewTokens: count.describe("a response is cut after this many tokens"),
    maxPromptTokens: z.int().min(2).describe("a longer prompt is dropped or cut"),
    longPrompts: z.enum(["drop", "truncate"]).describe("what happens to a longer prompt"),
  }).describe("instruction following"),
  teacher: teacher.describe("one for all students"),
  student: z.strictObject({
    ...modelOrCheckpoint,
    lora: lora.optional().describe("by which a checkpoint learns, in place of all weights"),
    training: fineTuning,
  }).refine(oneOfTwo.isRight, oneOfTwo.message)
    .describe("fine-tuned on the data (SFT); every other method starts from it"),
  distillation: distillation.describe("from the SFT student, for every method, sft_continued included"),
  optimizer: z.strictObject({
    batchSize: count.describe("texts of a step: of the teacher, the SFT student and, by default, of all others"),
    betas: z.tuple([decay, decay]).describe("decay of the first and second moment of the gradient"),
    weightDecay: z.number().min(0).describe("of matrices; critics have none"),
    maxGradNorm: positive.describe("gradients are scaled down to this global norm; the critics' are not"),
    textsAtOnce: count.optional().describe("of a step's texts, read in micro-batches to save memory; default all"),
    recompute: z.boolean().optional()
      .describe("whether backward runs the layers again to save memory: the same numbers, in more time"),
    finalLearningRateFraction: fraction.describe("of the peak, reached by a cosine at the last step"),
  }).describe("AdamW, for every model"),
  judge: JUDGE_SCHEMA.prefault({}).describe(
    "a language model that grades responses beside the references; not asked without a url",
  ),
  evaluation: z.strictObject({
    temperature: z.number().min(0).describe("of sampling; 0 takes the likeliest token"),
    topK: countOrNone.describe("likeliest tokens that may be drawn; 0 is all"),
    topP: positive.max(1).describe("probability mass that may be drawn from"),
    noRepeatNgram: countOrNone.optional().describe("no so many tokens in a row occur twice; default 0, no limit"),
    samplingSeeds: seeds.describe("each a response to every prompt; scores are means over them"),
    batchSize: count.describe("prompts continued at once"),
    curveEvery: count.describe("steps between evaluations on validation prompts"),
    curvePrompts: count.describe("validation prompts of such an evaluation"),
    heldOut: z.enum(["distances", "loss"]).optional().describe(
      "what is measured of students on these: all distances to the teacher (the default), or the loss on the answers alone",
    ),
    critic: critic.describe("the ruler of trained students: how their moment distances are measured"),
    logEvery: count.describe("steps that one logged training measure is the mean over"),
  }).describe("scores, curves and distances"),
});

/** Reads the profiles of a program: the common sections, and those of its experiments and their methods. */
export function schemaOf(experiments: readonly Experiment[]): ProfileSchema {
  const sections = experiments.flatMap(({ sections = [], methods }) => [
    ...sections,
    ...methods.flatMap(({ definition }) => definition?.sections ?? []),
    ...methods.flatMap(({ definition }) => definition && sectionOf(definition) || []),
  ]);
  return profileSchema(sections, experiments.map(({ name }) => name));
}

/** Reads a profile: every key, and no other. */
export type ProfileSchema = z.ZodType<Profile> & z.ZodObject;

/**
 * The schema of profiles with sections beside the common ones. A section that a profile leaves out has the defaults of its settings.
 *
 * @param experiments the names of those that may have seeds of their own
 * @throws {RangeError} where two sections have one name
 */
export function profileSchema(sections: readonly Section[], experiments: readonly string[] = []): ProfileSchema {
  const distinct = [...new Map(sections.map((section) => [section.name, section])).values()];
  for (const section of sections) {
    const isTaken = section.name in COMMON_SECTIONS.shape ||
      distinct.some(({ name, schema }) => name === section.name && schema !== section.schema);
    if (isTaken) throw new RangeError(`Cannot read profiles: two sections are named ${section.name}`);
  }
  const ofMethods = distinct.filter(({ ofMethod }) => ofMethod);
  const shape = Object.fromEntries(distinct.map((section) => {
    const overrides = section.overridesMethods ? overridesOf(section, ofMethods) : {};
    return [section.name, section.schema.extend(overrides).prefault({})];
  }));
  const seedsOf = seedsOfExperiments(experiments);
  const schema = COMMON_SECTIONS.extend({ ...shape, seedsOf }).superRefine((profile, context) => {
    const { teacher, student } = profile as unknown as Profile;
    if ((teacher.checkpoint === undefined) !== (student.checkpoint === undefined)) {
      const message = "must have a checkpoint where the teacher has one, and sizes where it has sizes";
      context.addIssue({ code: "custom", path: ["student"], message });
    }
    // Rows of one method that fix other settings have one section, and are checked one by one.
    const issues = issuesOf(profile as unknown as Profile, sections);
    for (const { path, message } of new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  });
  return schema as unknown as ProfileSchema;
}

/** The schema of one profile's file: with the sections of the experiments that it has. */
export async function schemaOfProfile(
  name: string,
  experiments: readonly Experiment[],
  folder?: URL,
): Promise<ProfileSchema> {
  const named = await namedExperiments(name, folder);
  return schemaOf(named === undefined ? experiments : experiments.filter(({ name }) => named.includes(name)));
}

function seedsOfExperiments(names: readonly string[]): z.ZodType {
  const shape = Object.fromEntries(names.map((name) => [name, seeds.optional().describe("in place of `seeds`")]));
  return z.strictObject(shape).prefault({}).describe("experiments with other seeds than `seeds`");
}

function overridesOf({ name, schema }: Section, ofMethods: readonly Section[]): z.core.$ZodLooseShape {
  return Object.fromEntries(ofMethods.map((other) => {
    if (other.name in schema.shape) {
      throw new RangeError(`Cannot read profiles: ${name}.${other.name} has two meanings`);
    }
    return [other.name, partialOf(other.schema).optional().describe(`what differs from the section ${other.name}`)];
  }));
}

function issuesOf(profile: Profile, sections: readonly Section[]): SettingIssue[] {
  const overriding = sections.filter(({ overridesMethods }) => overridesMethods);
  return sections.flatMap((section) => {
    const { name } = section;
    const own = section.check?.(section.of(profile), profile) ?? [];
    const others = overriding.flatMap((by) => {
      const changes = (by.of(profile) as Readonly<Record<string, object | undefined>>)[name];
      if (by === section || changes === undefined) return [];
      const issues = section.check?.({ ...section.of(profile), ...changes }, profile) ?? [];
      return issues.filter(({ path: [key] }) => key in changes)
        .map(({ path, message }) => ({ path: [by.name, name, ...path], message }));
    });
    return [...own.map(({ path, message }) => ({ path: [name, ...path], message })), ...others];
  });
}

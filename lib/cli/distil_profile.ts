import { rowOf } from "#lib/bench/method_registry.ts";
import { loadProfile, type Profile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { TEACHER_ENDPOINT } from "#lib/distillation/asked_texts.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import type { DistilFlags, Methods } from "./distil_flags.ts";
import { topTokenSettings } from "./distil_kept.ts";

const DEFAULTS_FOLDER = new URL("../../experiments/distillation/", import.meta.url);
/** Steps of warm-up: a share of all, and the most. */
const WARMUP_SHARE = 1 / 20;
const MOST_WARMUP = 25;
const DEFAULT_STEPS = 500;
/** Texts that are written at once, as the defaults have it. */
const WRITTEN_AT_ONCE = 8;

/** The flags that settings stand for; those that are left out have their defaults. */
export type ProfileFlags = Partial<DistilFlags> & Pick<DistilFlags, "set">;

/** What decides a profile beside the flags. */
export interface ProfileParts {
  /** Undefined where only its texts are known. */
  readonly teacher: ModelConfig | undefined;
  readonly student: ModelConfig;
  readonly maxNewTokens: number;
  readonly maxPromptTokens: number;
}

/**
 * The settings of a distillation: the defaults, the flags, and what `--set` changes.
 *
 * @param methods whose sections there are: those of its rows
 *
 * @throws {InputError} that names the setting that is unknown or wrong
 */
export async function distilProfile(flags: ProfileFlags, methods: Methods, parts: ProfileParts): Promise<Profile> {
  const rows = Object.entries(methods).map(([name, method]) => rowOf(name, method, () => neverMade()));
  const schema = schemaOf([{
    ...NO_EXPERIMENT,
    methods: rows,
    sections: flags["teacher-endpoint"] ? [TEACHER_ENDPOINT] : [],
  }]);
  const own = new Set(flags.set.map((setting) => setting.split("=")[0].trim()));
  const overrides = Object.entries({
    ...settingsOf(flags, parts),
    ...topTokenSettings(methods, flags["teacher-top-k"]),
  }).filter(([key]) => !own.has(key))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const profile = await loadProfile("defaults", schema, [...overrides, ...flags.set], DEFAULTS_FOLDER);
  return {
    ...profile,
    teacher: { ...profile.teacher, model: parts.teacher && sizesOf(parts.teacher) },
    student: { ...profile.student, model: sizesOf(parts.student) },
    data: { ...profile.data, vocabSize: parts.student.vocabSize },
  };
}

const NO_EXPERIMENT = {
  name: "distil",
  source: "",
  description: "",
  open: neverMade,
  report: () => ({ tables: {}, figures: {} }),
};

function neverMade(): never {
  throw new RangeError("Cannot run: these rows are only there for the sections of their methods");
}

/** Settings that flags stand for. */
function settingsOf(
  flags: ProfileFlags,
  { teacher, maxNewTokens, maxPromptTokens }: ProfileParts,
): Record<string, unknown> {
  const steps = flags.steps ?? DEFAULT_STEPS;
  const ofStudent = flags["sft-steps"] ?? steps;
  const ofTeacher = flags["teacher-is-tuned"] || !teacher ? 0 : flags["teacher-sft-steps"] ?? ofStudent;
  const rate = flags["learning-rate"];
  const training = (section: string, steps: number) => ({
    [`${section}.steps`]: steps,
    [`${section}.warmupSteps`]: Math.min(MOST_WARMUP, Math.floor(WARMUP_SHARE * steps)),
    ...given(`${section}.learningRate`, rate),
  });
  return {
    ...training("distillation", steps),
    ...training("student.training", ofStudent),
    ...training("teacher.training", ofTeacher),
    ...given("optimizer.batchSize", flags["texts-per-step"]),
    ...given("optimizer.textsAtOnce", flags["texts-at-once"]),
    // What the student writes at once takes memory as well.
    ...given("evaluation.batchSize", flags["texts-at-once"] && Math.min(flags["texts-at-once"], WRITTEN_AT_ONCE)),
    ...(flags.recompute || flags.lora !== undefined ? { "optimizer.recompute": true } : {}),
    ...given("seeds", flags.seed),
    ...{ "data.maxNewTokens": maxNewTokens, "data.maxPromptTokens": maxPromptTokens },
  };
}

function given(key: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [key]: value };
}

function sizesOf({ hiddenSize, numLayers, numHeads }: ModelConfig) {
  return { hiddenSize, numLayers, numHeads };
}

import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOfProfile } from "#lib/bench/profile_schema.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { InputError } from "#lib/errors.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type Fit, judgeFit } from "#lib/memory/fit.ts";
import type { Distillation } from "#lib/memory/plan.ts";
import { compareCodecs } from "#lib/tokenizers/compare_codecs.ts";
import { excerpt, visibleJson } from "#lib/visible_text.ts";
import type { CommandContext, Flags, FlagValues } from "./command.ts";
import { needsOf } from "./distil_fit.ts";
import { studentMethods } from "./distil_flags.ts";
import { apartOf, expectTopTokensSuffice } from "./distil_kept.ts";
import { distilProfile } from "./distil_profile.ts";
import { describePair, formatFit, mismatchOf, type Pair } from "./fit_text.ts";
import { type KnownLimits, knownLimits, MEMORY_FLAG } from "./known_limits.ts";
import { type PlannedModel, plannedModel, type ProfileSizes, sizesOf } from "./planned_model.ts";
import { DEFAULT_PROFILE } from "./results_flags.ts";
import { SAVING_FLAGS, savingOf } from "./saving_flags.ts";

/** As the anchors train: texts a step, and tokens of prompt and response. */
const DEFAULT_BATCH = 8;
const DEFAULT_TOKENS = 512;

export const FIT_FLAGS = {
  for: {
    kind: "text",
    value: "TEACHER:STUDENT",
    help: "whether a distillation fits: folders, models of the hub, or sizes of a profile",
  },
  "texts-per-step": { kind: "count", value: "N", help: `of --for: texts of a step; default ${DEFAULT_BATCH}` },
  tokens: {
    kind: "count",
    value: "N",
    help: `of --for: tokens of prompt and response, half each; default ${DEFAULT_TOKENS}`,
  },
  method: { kind: "text", value: "NAME", help: "of --for: how the student learns; default as kd" },
  memory: { ...MEMORY_FLAG, help: `of --for: ${MEMORY_FLAG.help}` },
  profile: {
    kind: "text",
    value: "P",
    help: "of --for: whose sizes words as teacher, student and base are; default tiny",
  },
  json: { kind: "switch", help: "of --for: prints JSON" },
  ...SAVING_FLAGS,
} as const satisfies Flags;

type FitFlags = FlagValues<typeof FIT_FLAGS>;

/**
 * Says whether a distillation fits this adapter, by configurations and sizes of files alone; true if it does.
 *
 * @throws {NoAdapterError} where there is none
 */
export async function judgePair(
  pair: string,
  flags: FitFlags,
  { terminal, ...context }: CommandContext,
): Promise<boolean> {
  const [teacherWord, studentWord] = wordsOf(pair);
  const texts = textsOf(flags);
  const sizes = await profileSizes([teacherWord, studentWord], flags.profile, context);
  const teacher = await plannedModel(teacherWord, sizes, context.callerFolder);
  const student = await plannedModel(studentWord, sizes, context.callerFolder);
  const agreement = teacher.codec && student.codec && compareCodecs(teacher.codec, student.codec);
  // Whoever says how much memory there is asks about a GPU that has memory of its own, from a machine that may have none.
  const forGpu = flags.memory === undefined ? {} : { inputs: "buffer" as const };
  const limits = { ...await knownLimits(flags.memory), ...forGpu };
  const fit = teacher.config && student.config &&
    judgeFit(await planned(flags, { teacher: teacher.config, student: student.config, texts }, context), limits);
  const judged = { pair: { teacher, student, agreement }, texts, limits, fit };
  const lines = flags.json ? [formatJson(judged)] : formatJudged(judged);
  for (const line of lines) terminal.print(line);
  return canBeDistilled(judged);
}

/** The distillation that is asked about, with the settings that `distil` has where nobody says otherwise. */
async function planned(
  given: FitFlags,
  { teacher, student, texts }: Required<Pick<Distillation, "teacher" | "student" | "texts">>,
  { methods = {} }: Pick<CommandContext, "methods">,
): Promise<Distillation> {
  const plain = { teacher, student, texts, saving: savingOf(given, student) };
  const { method: name, "teacher-top-k": topTokens, "texts-per-step": perStep, "texts-at-once": atOnce } = given;
  if (name === undefined) return plain;
  expectKnown("method", name, studentMethods(methods));
  expectTopTokensSuffice(topTokens, [name], methods);
  const { tokens, responseTokens, batch } = texts;
  const rows = { [name]: methods[name] };
  const flags = { set: [], "texts-per-step": perStep, "texts-at-once": atOnce, "teacher-top-k": topTokens };
  const limits = { maxNewTokens: responseTokens, maxPromptTokens: tokens - responseTokens };
  const profile = await distilProfile(flags, rows, { teacher, student, ...limits });
  return {
    ...plain,
    saving: { ...plain.saving, ...apartOf(rows, profile) },
    needs: needsOf(methods[name], profile),
    textsWritten: Math.min(profile.evaluation.batchSize, batch),
  };
}

interface Judged {
  readonly pair: Pair;
  readonly texts: TextShape;
  readonly limits: KnownLimits;
  /** Undefined where one of the two cannot be read. */
  readonly fit: Fit | undefined;
}

function canBeDistilled({ pair, fit }: Judged): boolean {
  return mismatchOf(pair) === undefined && (fit?.fits ?? false);
}

function formatJudged({ pair, texts, limits, fit }: Judged): string[] {
  return [
    ...describePair(pair),
    ...(fit ? formatFit(fit, texts, limits) : []),
    verdict(mismatchOf(pair), fit),
  ];
}

function formatJson(judged: Judged): string {
  const { pair: { teacher, student, agreement }, texts, limits, fit } = judged;
  const model = ({ word, config, problem, fileBytes, tokenizerProblem }: PlannedModel) => (
    { word, config, problem, fileBytes, tokenizerProblem }
  );
  // Of the tensors those over a limit say enough.
  const { tensors: _, ...plan } = fit?.plan ?? { tensors: [] };
  const mismatch = mismatchOf(judged.pair);
  return visibleJson({
    ...{ fits: canBeDistilled(judged), mismatch, teacher: model(teacher), student: model(student), agreement },
    ...{ texts, limits, fit: fit && { ...fit, plan } },
  }, 2);
}

/** The sizes of the profile; none where neither word can be one of them. */
async function profileSizes(
  words: readonly string[],
  profile: string | undefined,
  { experiments }: Pick<CommandContext, "experiments">,
): Promise<ProfileSizes> {
  if (profile === undefined && !words.some((word) => /^[a-z]+$/i.test(word))) return new Map();
  const name = profile ?? DEFAULT_PROFILE;
  return sizesOf(await loadProfile(name, await schemaOfProfile(name, experiments), []));
}

function verdict(mismatch: string | undefined, fit: Fit | undefined): string {
  if (mismatch !== undefined) return `It cannot be distilled: ${mismatch}.`;
  if (!fit?.fits) return "It does not fit.";
  return fit.hasMemory === undefined ? "It fits the limits; whether the memory is enough is not known." : "It fits.";
}

/** @throws {InputError} if it is not two words with a colon between them */
function wordsOf(pair: string): readonly [teacher: string, student: string] {
  const [teacher, student, ...more] = pair.split(":");
  if (teacher && student && more.length === 0) return [teacher, student];
  throw new InputError(
    `--for ${excerpt(pair)}: write TEACHER:STUDENT, as in openai-community/gpt2-medium:openai-community/gpt2`,
  );
}

function textsOf({ "texts-per-step": batch = DEFAULT_BATCH, tokens = DEFAULT_TOKENS }: FitFlags) {
  if (batch === 0) throw new InputError("--texts-per-step 0: must be at least 1");
  if (tokens < 2) {
    throw new InputError(`--tokens ${tokens}: must be at least 2, one of the prompt and one of the response`);
  }
  return { batch, tokens, responseTokens: Math.ceil(tokens / 2) };
}

import { requestAdapter } from "#kernels/runtime/adapter.ts";
import { tuningFor } from "#kernels/runtime/tuning.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { InputError } from "#lib/errors.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type Fit, judgeFit } from "#lib/memory/fit.ts";
import { compareCodecs } from "#lib/tokenizers/compare_codecs.ts";
import { excerpt, visibleJson } from "#lib/visible_text.ts";
import type { CommandContext, Flags, FlagValues } from "./command.ts";
import { describePair, formatFit, type KnownLimits, mismatchOf, type Pair } from "./fit_text.ts";
import { type PlannedModel, plannedModel, type ProfileSizes, sizesOf } from "./planned_model.ts";
import { DEFAULT_PROFILE } from "./results_flags.ts";
import { SAVING_FLAGS, savingOf } from "./saving_flags.ts";

const GIBIBYTE = 2 ** 30;
/** As the anchors train: texts a step, and tokens of prompt and response. */
const DEFAULT_BATCH = 8;
const DEFAULT_TOKENS = 512;
/** What of a machine's memory a GPU that shares it gives to one program, where it does not say: Metal's limit is near. */
const SHARED_MEMORY = 0.7;

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
  memory: { kind: "text", value: "GIB", help: "of --for: the GPU's memory, which WebGPU does not tell" },
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
  const given = givenMemory(flags.memory);
  const sizes = await profileSizes([teacherWord, studentWord], flags.profile, context);
  const teacher = await plannedModel(teacherWord, sizes, context.callerFolder);
  const student = await plannedModel(studentWord, sizes, context.callerFolder);
  const agreement = teacher.codec && student.codec && compareCodecs(teacher.codec, student.codec);
  const limits = await limitsHere(given);
  const fit: Fit | undefined = teacher.config && student.config &&
    judgeFit({
      ...{ teacher: teacher.config, student: student.config, texts },
      saving: savingOf(flags, student.config),
    }, limits);
  const judged = { pair: { teacher, student, agreement }, texts, limits, fit };
  const lines = flags.json ? [formatJson(judged)] : formatJudged(judged);
  for (const line of lines) terminal.print(line);
  return canBeDistilled(judged);
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

/** What the adapter gives, and the memory as far as it is known. */
async function limitsHere(given: KnownMemory | undefined): Promise<KnownLimits> {
  const { info, limits } = await requestAdapter();
  const memory = given ?? sharedMemory(info);
  return {
    bindingBytes: limits.maxStorageBufferBindingSize,
    bufferBytes: limits.maxBufferSize,
    memoryBytes: memory?.bytes,
    memorySource: memory?.source,
    // Memory that a person gives is a GPU's.
    inputs: given ? "buffer" : tuningFor(info).inputs,
  };
}

/** The sizes of the profile; none where neither word can be one of them. */
async function profileSizes(
  words: readonly string[],
  profile: string | undefined,
  { experiments }: Pick<CommandContext, "experiments">,
): Promise<ProfileSizes> {
  if (profile === undefined && !words.some((word) => /^[a-z]+$/i.test(word))) return new Map();
  return sizesOf(await loadProfile(profile ?? DEFAULT_PROFILE, schemaOf(experiments), []));
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

interface KnownMemory {
  readonly bytes: number;
  readonly source: string;
}

function givenMemory(text: string | undefined): KnownMemory | undefined {
  if (text === undefined) return undefined;
  const gibibytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(gibibytes > 0)) throw new InputError(`--memory ${excerpt(text)}: must be a number of GiB, as in 12`);
  return { bytes: gibibytes * GIBIBYTE, source: "--memory" };
}

/** What a CPU driver, or a GPU that has the system's memory, can use; undefined of one with its own. */
export function sharedMemory(info: GPUAdapterInfo): KnownMemory | undefined {
  const isCpu = tuningFor(info).name === "cpu";
  const isUnified = /apple/i.test(`${info.vendor} ${info.description}`);
  if (!isCpu && !isUnified) return undefined;
  const { total } = Deno.systemMemoryInfo();
  return isCpu
    ? { bytes: total, source: "the machine's memory, which the CPU driver uses" }
    : { bytes: SHARED_MEMORY * total, source: "70 % of the machine's memory, which the GPU shares" };
}

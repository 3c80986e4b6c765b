import { effectiveSettings } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { readTrainingSets, type TrainingSets } from "#lib/data/training_sets.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import { type DistilEncoding, type DistilTexts, encodeDistilTexts } from "#lib/distillation/distil_texts.ts";
import { type ModelPair, openPair, ownActions } from "#lib/distillation/pairing.ts";
import { expectOwnFolder, type RunIdentity } from "#lib/distillation/run_folder.ts";
import { identityOf, type StartingModel, startingModel } from "#lib/distillation/starting_model.ts";
import { spellTalks } from "#lib/distillation/talks.ts";
import { isModel, modelOf, type Teacher } from "#lib/distillation/teacher.ts";
import { InputError } from "#lib/errors.ts";
import { locateData } from "#lib/hub/locate_data.ts";
import type { Fit } from "#lib/memory/fit.ts";
import type { Saving } from "#lib/memory/saving.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import type { CommandContext } from "./command.ts";
import { fromCaller } from "./command_line.ts";
import { expectDisk, runNeed } from "./distil_disk.ts";
import {
  expectFits,
  fittingTexts,
  judgeDistillation,
  largestFit,
  type PartFit,
  shapeOf,
  whyNot,
} from "./distil_fit.ts";
import {
  checkDistilFlags,
  DEFAULT_OUT,
  type DistilFlags,
  type GivenDistillation,
  type Methods,
} from "./distil_flags.ts";
import {
  apartOf,
  expectTeacherMayLeave,
  keptNeeds,
  type KeptTokens,
  keptTokensOf,
  topTokensOf,
} from "./distil_kept.ts";
import { distilProfile } from "./distil_profile.ts";
import { type AskTeacher, decidingSettings, expectTextsSuffice, knownTeacher } from "./distil_teacher.ts";
import { templateFor } from "./evaluation_template.ts";
import { type KnownLimits, knownLimits } from "./known_limits.ts";
import type { ProgressLine } from "./progress_line.ts";
import { savingOf } from "./saving_flags.ts";

/** As MiniLLM and DistiLLM: 512 tokens, half of them the answer's. */
const DEFAULT_NEW_TOKENS = 256;
const DEFAULT_PROMPT_TOKENS = 256;

/** A distillation that nothing is known to keep from running. */
export interface Distillation {
  readonly subject: DistilSubject;
  /** Has the teacher write, where it is behind an endpoint; until then none of its texts are known. */
  readonly ask?: AskTeacher;
  readonly profile: Profile;
  /** The rows of its table, in their order; the last is the method whose student is kept. */
  readonly rows: Methods;
  readonly method: string;
  /** The student of the first is kept. */
  readonly seeds: readonly number[];
  readonly out: string;
  /** What makes two runs one. */
  readonly run: RunIdentity;
  readonly fit: Fit;
  readonly limits: KnownLimits;
  readonly shape: TextShape;
  /** What of the teacher is on the disk before a student trains. */
  readonly kept: readonly KeptTokens[];
}

/**
 * Reads all that a distillation needs but weights, and checks it.
 *
 * @throws {InputError} in one line, for the first thing that is wrong
 */
export async function prepareDistillation(
  flags: DistilFlags,
  context: CommandContext,
  line: ProgressLine,
): Promise<Distillation> {
  const { methods = {}, callerFolder } = context;
  const given = checkDistilFlags(flags, methods);
  const data = await locateData(given.data, { caller: callerFolder });
  const found = { ...await readTrainingSets(data.path), hub: data.hub };
  const { method } = given;
  const always = given.teacher.kind === "model" ? ["teacher", "sft"] : ["sft"];
  const names = [...new Set([...always, ...(flags.compare ?? []).filter((name) => name !== method), method])];
  const rows = Object.fromEntries(names.map((name) => [name, methods[name]]));
  const models = await openModels(given, callerFolder, line);
  const { student } = models;
  const settings = await settingsOf(flags, rows, models);
  expectTeacherMayLeave(flags["teacher-top-k"], rows, settings);
  if (models.teacher === undefined) expectTextsSuffice(rows, methods, settings);
  const { sets, encoding } = await encodingOf(found, models, { settings, flags, line });
  const texts = await encodeDistilTexts(sets, encoding);
  const topTokens = topTokensOf(rows, settings);
  const sources = { flags, settings, model: models.teacher, student, texts, encoding, topTokens };
  const { teacher, teacherTexts, ask } = await knownTeacher(given.teacher, sources);
  const limits = await knownLimits(flags.memory, flags["binding-limit"]);
  const sized = { rows, models, teacher, teacherTexts, texts, settings, limits };
  const { profile, saving, parts } = await fitted(flags, sized, line);
  const subject = { teacher, student, texts, saving };
  const out = flags.out ?? fromCaller(`${DEFAULT_OUT}/${lastPart(student.word)}-${method}`, callerFolder);
  const { seeds } = profile;
  const run = {
    method,
    seeds,
    ...identitiesOf(subject),
    rows: names,
    settings: digestOfJson(decidingSettings(profile)),
  };
  await expectOwnFolder(out, run);
  expectFits(parts, saving, { hasTeacher: isModel(teacher), whole: wholeSteps(rows, profile), limits });
  const kept = await keptTokensOf(subject, profile, rows);
  await expectDisk([runNeed(out, { teacher: modelOf(teacher), student }, profile), ...keptNeeds(kept)]);
  const shape = shapeOf(texts, profile);
  return { subject, ask, profile, rows, method, seeds, out, run, fit: largestFit(parts), limits, shape, kept };
}

/** What tells one run's models and data from another's, as far as that is known before a teacher has been asked. */
function identitiesOf({ teacher, student, texts }: DistilSubject) {
  const ofTeacher = isModel(teacher) ? identityOf(teacher) : teacher.identity;
  return { teacher: ofTeacher, student: identityOf(student), data: texts.digest };
}

/** What decides how much memory is needed, and whether that is there. */
interface Fitted {
  readonly profile: Profile;
  readonly saving: Saving;
  readonly parts: readonly PartFit[];
}

/** As it is asked for; or, where that does not fit and nobody has said how many texts are read at once, with as many as fit. */
async function fitted(
  flags: DistilFlags,
  { rows, models, teacher, teacherTexts, texts, settings, limits }: {
    readonly rows: Methods;
    readonly models: Models;
    readonly teacher: Teacher;
    readonly teacherTexts: number;
    readonly texts: DistilTexts;
    readonly settings: Profile;
    readonly limits: KnownLimits;
  },
  line: ProgressLine,
): Promise<Fitted> {
  const fit = (settings: Profile): Fitted => {
    const profile = { ...settings, distillation: { ...settings.distillation, teacherTexts } };
    const { textsAtOnce, recompute } = profile.optimizer;
    const own = savingOf(flags, models.student.config);
    const saving = { ...own, textsAtOnce, recompute, ...apartOf(rows, profile) };
    const subject = { teacher, student: models.student, texts, saving };
    const parts = judgeDistillation(subject, profile, { rows, texts: shapeOf(texts, profile), limits });
    return { profile, saving, parts };
  };
  const asked = fit(settings);
  const most = fittingTexts(asked.parts);
  const { optimizer: { textsAtOnce } } = settings;
  if (most === undefined || textsAtOnce !== undefined || wholeSteps(rows, settings) !== undefined) return asked;
  const tooLarge = asked.parts.find(({ fit }) => !fit.fits)!;
  line.note(`reads ${most} of a step's texts at once: ${whyNot(tooLarge.fit, limits)}`);
  return fit(await settingsOf({ ...flags, "texts-at-once": most }, rows, models));
}

/** The two models, and what they share; one where the teacher is known by its texts alone. */
interface Models extends Omit<ModelPair, "teacher"> {
  readonly teacher: StartingModel | undefined;
}

async function openModels(
  { teacher, student: word }: GivenDistillation,
  callerFolder: string | undefined,
  line: ProgressLine,
): Promise<Models> {
  const say = (message: string) => line.update(() => message, true);
  if (teacher.kind === "model") return await openPair({ teacher: teacher.word, student: word }, callerFolder, say);
  say(`reads the files of ${word}`);
  const student = await startingModel(word, callerFolder, { mayLackWeights: true });
  return { teacher: undefined, student, actionCount: ownActions(student), maxPositions: student.maxPositions };
}

/** @throws {InputError} for settings that are wrong, or that a row cannot be run with */
async function settingsOf(flags: DistilFlags, rows: Methods, models: Models): Promise<Profile> {
  const { student: { config: student }, maxPositions } = models;
  const teacher = models.teacher?.config;
  const profile = await distilProfile(flags, rows, { teacher, student, ...limitsOf(flags, maxPositions) });
  expectRoom(profile.data, maxPositions);
  expectNoJudge(rows, profile);
  expectMicroBatches(rows, profile);
  return profile;
}

/** What is to become ids, and how. */
async function encodingOf(
  found: TrainingSets,
  { student, teacher, actionCount, maxPositions }: Models,
  { settings: { data }, flags, line }: {
    readonly settings: Profile;
    readonly flags: DistilFlags;
    readonly line: ProgressLine;
  },
): Promise<{ readonly sets: TrainingSets; readonly encoding: DistilEncoding }> {
  const { sets, template } = await templated(found, student, flags);
  const { codec, layout, padId } = student;
  const { bos } = codec.specialIds;
  if (flags.bos && bos === undefined) throw new InputError("--bos: the tokenizer has no token that begins a text");
  line.update(() => `encodes ${sets.train.length + sets.test.length} records`, true);
  const encoding = {
    ...{ codec, template, layout, padId, actionCount, maxPositions },
    eosIds: [...new Set([...student.eosIds, ...teacher?.eosIds ?? []])],
    bosId: flags.bos ? bos : undefined,
    ...{ maxNewTokens: data.maxNewTokens, maxPromptTokens: data.maxPromptTokens },
    ...{ trainRecords: data.trainRecords, itemsPerSet: data.itemsPerSet },
    say: (message: string) => line.note(message),
  };
  return { sets, encoding };
}

/** What flags and models leave for prompts and responses. */
function limitsOf(flags: DistilFlags, maxPositions: number) {
  const room = Number.isFinite(maxPositions) ? maxPositions : DEFAULT_NEW_TOKENS + DEFAULT_PROMPT_TOKENS;
  const maxNewTokens = flags["max-new-tokens"] ?? Math.min(DEFAULT_NEW_TOKENS, Math.floor(room / 2));
  const left = Number.isFinite(maxPositions) ? maxPositions - maxNewTokens : Infinity;
  const maxPromptTokens = flags["max-prompt-tokens"] ?? Math.min(DEFAULT_PROMPT_TOKENS, left);
  return { maxNewTokens, maxPromptTokens: Math.max(2, maxPromptTokens) };
}

/** @throws {InputError} if prompts and responses at their longest are more than the models read */
function expectRoom({ maxPromptTokens, maxNewTokens }: Profile["data"], maxPositions: number): void {
  if (maxPromptTokens + maxNewTokens <= maxPositions) return;
  throw new InputError(
    `prompts of ${maxPromptTokens} and responses of ${maxNewTokens} tokens are more than the ${maxPositions} that ` +
      "the models read; lower --max-new-tokens or --max-prompt-tokens",
  );
}

async function templated(
  sets: TrainingSets,
  { codec, folder, layout }: StartingModel,
  { chat, prefix = "" }: DistilFlags,
): Promise<{ readonly sets: TrainingSets; readonly template: PromptTemplate }> {
  const { form } = sets;
  if (form === "messages") return await spellTalks(sets, folder);
  return { sets, template: await templateFor({ form }, { codec, folder, layout, chat, prefix }) };
}

/** @throws {InputError} if a judge is to label pairs: this command asks none */
function expectNoJudge(rows: Methods, profile: Profile): void {
  const learnsFromPairs = Object.values(rows).some(({ sections }) => sections?.includes(PREFERENCES));
  if (!learnsFromPairs || PREFERENCES.of(profile).oracle !== "judge") return;
  throw new InputError(
    "preferences.oracle=judge: distil asks no judge; take metric, teacherWins or, of a teacher that is a model, teacherLogProb",
  );
}

/** @throws {InputError} if a step is to be read in parts that are more than it, or a method cannot */
function expectMicroBatches(rows: Methods, profile: Profile): void {
  const { optimizer: { batchSize, textsAtOnce }, distillation: { textsPerStep = batchSize } } = profile;
  if (textsAtOnce === undefined) return;
  const most = Math.max(batchSize, textsPerStep);
  if (textsAtOnce > most) throw new InputError(`--texts-at-once ${textsAtOnce}: a step has ${most} texts`);
  const whole = wholeSteps(rows, profile);
  if (whole === undefined) return;
  throw new InputError(`--texts-at-once: ${whole} needs all texts of a step at once; leave the flag out`);
}

/** A method that cannot read a step in parts. */
function wholeSteps(rows: Methods, profile: Profile): string | undefined {
  return Object.entries(rows).find(([, row]) => row.needsWholeSteps?.(effectiveSettings(row, profile)))?.[0];
}

function lastPart(word: string): string {
  return word.replace(/\/+$/, "").replace(/^.*\//, "").replace(/@.*$/, "");
}

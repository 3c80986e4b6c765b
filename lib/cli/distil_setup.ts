import { effectiveSettings } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { readTrainingSets, type TrainingSets } from "#lib/data/training_sets.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import { type DistilTexts, encodeDistilTexts } from "#lib/distillation/distil_texts.ts";
import { sharedActions, sharedPositions } from "#lib/distillation/pairing.ts";
import { expectOwnFolder, type RunIdentity } from "#lib/distillation/run_folder.ts";
import { identityOf, type StartingModel, startingModel } from "#lib/distillation/starting_model.ts";
import { spellTalks } from "#lib/distillation/talks.ts";
import { InputError } from "#lib/errors.ts";
import type { Fit } from "#lib/memory/fit.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import type { CommandContext } from "./command.ts";
import { fromCaller } from "./command_line.ts";
import { expectDisk } from "./distil_disk.ts";
import { expectFit, shapeOf } from "./distil_fit.ts";
import {
  checkDistilFlags,
  DEFAULT_OUT,
  type DistilFlags,
  type GivenDistillation,
  type Methods,
} from "./distil_flags.ts";
import { distilProfile } from "./distil_profile.ts";
import { templateFor } from "./evaluation_template.ts";
import type { ProgressLine } from "./progress_line.ts";
import { savingOf } from "./saving_flags.ts";

/** As MiniLLM and DistiLLM: 512 tokens, half of them the answer's. */
const DEFAULT_NEW_TOKENS = 256;
const DEFAULT_PROMPT_TOKENS = 256;

/** A distillation that nothing is known to keep from running. */
export interface Distillation {
  readonly subject: DistilSubject;
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
  readonly shape: TextShape;
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
  const found = await readTrainingSets(given.data);
  const { method } = given;
  const names = [...new Set(["teacher", "sft", ...(flags.compare ?? []).filter((name) => name !== method), method])];
  const rows = Object.fromEntries(names.map((name) => [name, methods[name]]));
  const models = await openModels(given, callerFolder, line);
  const settings = await settingsOf(flags, rows, models);
  const texts = await textsOf(found, models, { settings, flags, line });
  const profile = withTeacherTexts(settings, flags, texts.train.length);
  const { textsAtOnce, recompute } = profile.optimizer;
  const saving = { ...savingOf(flags, models.student.config), textsAtOnce, recompute };
  const subject = { ...models, texts, saving };
  const out = flags.out ?? fromCaller(`${DEFAULT_OUT}/${lastPart(models.student.word)}-${method}`, callerFolder);
  const { seeds } = profile;
  const run = {
    ...{ method, seeds, teacher: identityOf(models.teacher), student: identityOf(models.student), data: texts.digest },
    ...{ rows: names, settings: digestOfJson(profile) },
  };
  await expectOwnFolder(out, run);
  const shape = shapeOf(texts, profile);
  const fit = await expectFit(subject, profile, { rows, texts: shape, bindingLimit: flags["binding-limit"] });
  await expectDisk(out, subject, profile);
  return { subject, profile, rows, method, seeds, out, run, fit, shape };
}

/** The two models, and what they share. */
interface Models extends Pick<DistilSubject, "teacher" | "student"> {
  readonly actionCount: number;
  readonly maxPositions: number;
}

async function openModels(
  given: GivenDistillation,
  callerFolder: string | undefined,
  line: ProgressLine,
): Promise<Models> {
  const open = (word: string, mayLackWeights: boolean) => {
    line.update(() => `reads the files of ${word}`, true);
    return startingModel(word, callerFolder, { mayLackWeights });
  };
  const teacher = await open(given.teacher, false);
  const student = await open(given.student, true);
  const actionCount = sharedActions(teacher, student);
  return { teacher, student, actionCount, maxPositions: sharedPositions(teacher, student) };
}

/** @throws {InputError} for settings that are wrong, or that a row cannot be run with */
async function settingsOf(flags: DistilFlags, rows: Methods, models: Models): Promise<Profile> {
  const { teacher: { config: teacher }, student: { config: student }, maxPositions } = models;
  const profile = await distilProfile(flags, rows, { teacher, student, ...limitsOf(flags, maxPositions) });
  expectRoom(profile.data, maxPositions);
  expectNoJudge(rows, profile);
  expectMicroBatches(rows, profile);
  return profile;
}

async function textsOf(
  found: TrainingSets,
  { student, teacher, actionCount, maxPositions }: Models,
  { settings: { data }, flags, line }: {
    readonly settings: Profile;
    readonly flags: DistilFlags;
    readonly line: ProgressLine;
  },
): Promise<DistilTexts> {
  const { sets, template } = await templated(found, student, flags);
  const { codec, layout, padId } = student;
  const { bos } = codec.specialIds;
  if (flags.bos && bos === undefined) throw new InputError("--bos: the tokenizer has no token that begins a text");
  line.update(() => `encodes ${sets.train.length + sets.test.length} records`, true);
  return await encodeDistilTexts(sets, {
    ...{ codec, template, layout, padId, actionCount, maxPositions },
    eosIds: [...new Set([...student.eosIds, ...teacher.eosIds])],
    bosId: flags.bos ? bos : undefined,
    ...{ maxNewTokens: data.maxNewTokens, maxPromptTokens: data.maxPromptTokens },
    ...{ trainRecords: data.trainRecords, itemsPerSet: data.itemsPerSet },
    say: (message) => line.note(message),
  });
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

/** @throws {InputError} if a judge is to label pairs: this command reaches no network */
function expectNoJudge(rows: Methods, profile: Profile): void {
  const learnsFromPairs = Object.values(rows).some(({ sections }) => sections?.includes(PREFERENCES));
  if (!learnsFromPairs || PREFERENCES.of(profile).oracle !== "judge") return;
  throw new InputError(
    "preferences.oracle=judge: distil reaches no network; take metric, teacherLogProb or teacherWins",
  );
}

/** @throws {InputError} if a step is to be read in parts, and a method cannot */
function expectMicroBatches(rows: Methods, profile: Profile): void {
  if (profile.optimizer.textsAtOnce === undefined) return;
  const whole = Object.entries(rows).find(([, row]) => row.needsWholeSteps?.(effectiveSettings(row, profile)));
  if (whole === undefined) return;
  throw new InputError(`--texts-at-once: ${whole[0]} needs all texts of a step at once; leave the flag out`);
}

/** As many prompts for the teacher to answer as off-policy steps can use, unless a person says how many. */
function withTeacherTexts(profile: Profile, { set }: DistilFlags, records: number): Profile {
  if (set.some((setting) => /^\s*distillation(\.teacherTexts)?\s*=/.test(setting))) return profile;
  const { distillation, optimizer: { batchSize } } = profile;
  const used = distillation.steps * (distillation.textsPerStep ?? batchSize);
  return { ...profile, distillation: { ...distillation, teacherTexts: Math.min(records, used) } };
}

function lastPart(word: string): string {
  return word.replace(/\/+$/, "").replace(/^.*\//, "").replace(/@.*$/, "");
}

import { requestAdapter } from "#kernels/runtime/adapter.ts";
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
import { type Fit, judgeFit } from "#lib/memory/fit.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import type { CommandContext } from "./command.ts";
import { fromCaller } from "./command_line.ts";
import { expectDisk } from "./distil_disk.ts";
import { checkDistilFlags, DEFAULT_OUT, type DistilFlags, type Methods } from "./distil_flags.ts";
import { distilProfile } from "./distil_profile.ts";
import { sharedMemory } from "./doctor_for.ts";
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
  /** As the person may name it: the default is below where the command was called from. */
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
  const say = (message: string) => line.update(() => message, true);
  say(`reads the files of ${given.teacher}`);
  const teacher = await startingModel(given.teacher, callerFolder, { mayLackWeights: false });
  say(`reads the files of ${given.student}`);
  const student = await startingModel(given.student, callerFolder, { mayLackWeights: true });
  const actionCount = sharedActions(teacher, student);
  const limits = limitsOf(flags, sharedPositions(teacher, student));
  const { method } = given;
  const names = [...new Set(["teacher", "sft", ...(flags.compare ?? []).filter((name) => name !== method), method])];
  const rows = Object.fromEntries(names.map((name) => [name, methods[name]]));
  const settings = await distilProfile(flags, rows, { teacher: teacher.config, student: student.config, ...limits });
  expectNoJudge(rows, settings);
  expectMicroBatches(rows, settings);
  const { sets, template } = await templated(found, student, flags);
  const { bos } = student.codec.specialIds;
  if (flags.bos && bos === undefined) throw new InputError("--bos: the tokenizer has no token that begins a text");
  say(`encodes ${sets.train.length + sets.test.length} records`);
  const texts = await encodeDistilTexts(sets, {
    ...{ codec: student.codec, template, layout: student.layout, actionCount, ...limits },
    eosIds: [...new Set([...student.eosIds, ...teacher.eosIds])],
    padId: student.padId,
    bosId: flags.bos ? bos : undefined,
    maxPositions: sharedPositions(teacher, student),
    trainRecords: settings.data.trainRecords,
    itemsPerSet: settings.data.itemsPerSet,
    say: (message) => line.note(message),
  });
  const profile = withTeacherTexts(settings, flags, texts.train.length);
  const { seeds } = profile;
  const out = flags.out ?? fromCaller(`${DEFAULT_OUT}/${lastPart(student.word)}-${method}`, callerFolder);
  const run = {
    ...{ method, seeds, teacher: identityOf(teacher), student: identityOf(student), data: texts.digest },
    ...{ rows: names, settings: digestOfJson(profile) },
  };
  await expectOwnFolder(out, run);
  const saving = savingOf(flags, student.config);
  const subject = { teacher, student, texts, saving };
  const shape = shapeOf(texts, profile);
  const fit = await judged(subject, shape);
  expectFits(fit, flags);
  await expectDisk(out, subject, profile);
  return { subject, profile, rows, method, seeds, out, run, fit, shape };
}

/** What flags and models leave for prompts and responses. */
function limitsOf(flags: DistilFlags, maxPositions: number) {
  const room = Number.isFinite(maxPositions) ? maxPositions : DEFAULT_NEW_TOKENS + DEFAULT_PROMPT_TOKENS;
  const maxNewTokens = flags["max-new-tokens"] ?? Math.min(DEFAULT_NEW_TOKENS, Math.floor(room / 2));
  const left = Number.isFinite(maxPositions) ? maxPositions - maxNewTokens : Infinity;
  const maxPromptTokens = flags["max-prompt-tokens"] ?? Math.min(DEFAULT_PROMPT_TOKENS, left);
  if (left < 2 || maxPromptTokens > left) {
    throw new InputError(
      `prompts of ${
        Math.max(2, maxPromptTokens)
      } and responses of ${maxNewTokens} tokens are more than the ${maxPositions} that ` +
        "the models read; lower --max-new-tokens or --max-prompt-tokens",
    );
  }
  return { maxNewTokens, maxPromptTokens };
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

/** The texts of a step, at their longest. */
function shapeOf(texts: DistilTexts, { data, optimizer, distillation }: Profile): TextShape {
  const longest = texts.train.reduce((most, { prompt }) => Math.max(most, prompt.length), 1);
  const batch = Math.max(optimizer.batchSize, distillation.textsPerStep ?? 1);
  return { batch, tokens: longest + data.maxNewTokens, responseTokens: data.maxNewTokens };
}

async function judged({ teacher, student, saving }: DistilSubject, texts: TextShape): Promise<Fit> {
  const { info, limits } = await requestAdapter();
  return judgeFit({ teacher: teacher.config, student: student.config, texts, saving }, {
    bindingBytes: limits.maxStorageBufferBindingSize,
    bufferBytes: limits.maxBufferSize,
    memoryBytes: sharedMemory(info)?.bytes,
  });
}

/** @throws {InputError} if the plan is over what the adapter gives, with the next smaller choice */
function expectFits({ fits, over, hasMemory, plan, mostTexts }: Fit, { recompute }: DistilFlags): void {
  if (fits) return;
  const tensor = over.find(({ blocks }) => blocks === undefined);
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const what = tensor
    ? `${tensor.tensor.name} [${tensor.tensor.shape}] is ${gibibytes(tensor.tensor.bytes)}, over the ${
      gibibytes(tensor.limitBytes)
    } of a ${tensor.limit}`
    : `a step needs ${gibibytes(plan.totalBytes)} of memory`;
  const remedy = mostTexts === undefined
    ? `not even one text at once fits${hasMemory === false && !recompute ? "; --recompute, or smaller models" : ""}`
    : `--texts-at-once ${mostTexts} fits`;
  throw new InputError(`it does not fit this adapter: ${what}; ${remedy}`);
}

function lastPart(word: string): string {
  return word.replace(/\/+$/, "").replace(/^.*\//, "").replace(/@.*$/, "");
}

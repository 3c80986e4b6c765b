import { CACHE_FOLDER } from "#lib/bench/pair_oracle.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { promptKey } from "#lib/data/records.ts";
import { type Asking, askTeacher, TEACHER_ENDPOINT } from "#lib/distillation/asked_texts.ts";
import type { DistilEncoding, DistilTexts } from "#lib/distillation/distil_texts.ts";
import type { StartingModel } from "#lib/distillation/starting_model.ts";
import type { Teacher, TextTeacher } from "#lib/distillation/teacher.ts";
import { readWrittenTexts } from "#lib/distillation/written_texts.ts";
import { isEndpoint } from "#lib/endpoint/address.ts";
import type { OpeningOptions } from "#lib/endpoint/examiner.ts";
import { InputError } from "#lib/errors.ts";
import type { DistilFlags, Methods } from "./distil_flags.ts";

/** Whom a student is to learn from, as flags say it: a model, or one of whom there are only texts, in a file or behind an endpoint. */
export type GivenTeacher =
  | { readonly kind: "model"; readonly word: string }
  | { readonly kind: "texts"; readonly path: string }
  | { readonly kind: "endpoint"; readonly url: string; readonly model: string };

type TeacherFlags = Pick<
  DistilFlags,
  | "teacher"
  | "teacher-texts"
  | "teacher-endpoint"
  | "teacher-model"
  | "teacher-is-tuned"
  | "teacher-sft-steps"
  | "teacher-form"
  | "set"
>;

/** @throws {InputError} if there is none, or more than one, or flags are of another kind of teacher */
export function givenTeacher(flags: TeacherFlags): GivenTeacher {
  const { teacher, "teacher-texts": path, "teacher-endpoint": url, "teacher-model": model } = flags;
  const given = (["teacher", "teacher-texts", "teacher-endpoint"] as const).filter((name) => flags[name]);
  if (given.length > 1) {
    throw new InputError(`--${given[0]} and --${given[1]}: a student learns from one teacher; leave one out`);
  }
  if (model && !url) throw new InputError("--teacher-model is of --teacher-endpoint URL, which is not given");
  if (teacher) return { kind: "model", word: teacher };
  expectNoFlagsOfModels(flags);
  if (path) return { kind: "texts", path };
  if (!url) {
    throw new InputError(
      "distil needs --teacher MODEL, or --teacher-texts FILE or --teacher-endpoint URL where only its texts are known; " +
        "--help shows more",
    );
  }
  if (!isEndpoint(url)) {
    const expected = "expected an address as in http://localhost:8080/v1, without user name and password";
    throw new InputError(`--teacher-endpoint ${url}: ${expected}`);
  }
  if (!model) throw new InputError("--teacher-endpoint needs --teacher-model NAME, as the endpoint names it");
  return { kind: "endpoint", url, model };
}

function expectNoFlagsOfModels(flags: TeacherFlags): void {
  const settings = flags.set.filter((setting) => /^\s*teacher\s*[.=]/.test(setting)).map((setting) => `set ${setting}`);
  const names = (["teacher-is-tuned", "teacher-sft-steps", "teacher-form"] as const)
    .filter((name) => flags[name] !== undefined && flags[name] !== false);
  const [first] = [...names, ...settings];
  if (first === undefined || !(flags["teacher-texts"] || flags["teacher-endpoint"])) return;
  throw new InputError(
    `--${first} is of a teacher that is a model, and of this one only texts are known; leave it out`,
  );
}

/** @throws {InputError} if a row, its pairs or what is measured needs the teacher's probabilities */
export function expectTextsSuffice(rows: Methods, methods: Methods, profile: Profile): void {
  const known = "and only its texts are known";
  const needy = Object.entries(rows).find(([, { teacher }]) => teacher === "probabilities");
  if (needy) {
    const others = Object.entries(methods).filter(([, { teacher }]) => teacher === "texts").map(([name]) => name);
    throw new InputError(`${needy[0]} needs the teacher's probabilities, ${known}; take ${others.join(", ")}`);
  }
  const learnsFromPairs = Object.values(rows).some(({ sections }) => sections?.includes(PREFERENCES));
  if (learnsFromPairs && PREFERENCES.of(profile).oracle === "teacherLogProb") {
    throw new InputError(
      `preferences.oracle=teacherLogProb needs the teacher's probabilities, ${known}; take metric or teacherWins`,
    );
  }
  if (profile.evaluation.heldOut === "loss") return;
  throw new InputError(
    `evaluation.heldOut=distances needs the teacher's probabilities, ${known}; take loss, the default`,
  );
}

/** What is known of a teacher before a run. */
export interface KnownTeacher {
  readonly teacher: Teacher;
  /** How many of its texts there are, or how many prompts it is to answer at most: `distillation.teacherTexts`. */
  readonly teacherTexts: number;
  /** Has a teacher behind an endpoint write its texts to a file, once. */
  readonly ask?: AskTeacher;
}

export type AskTeacher = (
  path: string,
  watching: Pick<OpeningOptions, "say" | "answered"> & { readonly stop: AbortSignal },
) => Promise<TextTeacher>;

export interface TeacherSources {
  readonly flags: Pick<DistilFlags, "set" | "prefix">;
  readonly settings: Profile;
  /** Where the teacher is one. */
  readonly model: StartingModel | undefined;
  readonly student: StartingModel;
  readonly texts: DistilTexts;
  readonly encoding: DistilEncoding;
}

/**
 * The teacher with its texts, where there is a file of them, or with what asks for them.
 *
 * @throws {InputError} what reading the texts does
 */
export async function knownTeacher(given: GivenTeacher, sources: TeacherSources): Promise<KnownTeacher> {
  const { flags, settings, model, student, texts, encoding } = sources;
  const isSet = flags.set.some((setting) => /^\s*distillation(\.teacherTexts)?\s*=/.test(setting));
  const countOr = (count: number) => (isSet ? settings.distillation.teacherTexts : count);
  const reading = { encoding, texts, folder: student.folder };
  if (given.kind === "texts") {
    const most = isSet ? settings.distillation.teacherTexts : undefined;
    const written = await readWrittenTexts(given.path, { ...reading, most });
    const name = `the texts in ${given.path.replace(/^.*\//, "")}`;
    const teacher = { name, identity: `texts ${written.digest}`, written };
    return { teacher, teacherTexts: countOr(written.texts.length) };
  }
  const teacherTexts = countOr(Math.min(texts.train.length, textsUsed(settings)));
  if (given.kind === "model") return { teacher: model!, teacherTexts };
  const asking = askingOf(given, teacherTexts, sources);
  const { temperature, maxTokens } = asking.endpoint;
  const place = placeOf(given.url);
  const teacher = {
    name: given.model,
    identity: `${given.model} at ${place}, temperature ${temperature}, ${maxTokens ?? "any number of"} tokens`,
    written: undefined,
  };
  const asked = { model: given.model, endpoint: place, temperature, maxTokens };
  return {
    ...{ teacher, teacherTexts },
    async ask(path, watching) {
      await askTeacher(path, asking, { cacheFolder: CACHE_FOLDER, ...watching });
      const written = await readWrittenTexts(path, reading);
      return { ...teacher, written: { ...written, description: { ...asked, ...written.description } } };
    },
  };
}

/** As many texts as off-policy steps can use: a student reads each at most once. */
function textsUsed({ distillation: { steps, textsPerStep }, optimizer: { batchSize } }: Profile): number {
  return steps * (textsPerStep ?? batchSize);
}

function askingOf(
  { url, model }: GivenTeacher & { readonly kind: "endpoint" },
  teacherTexts: number,
  { settings, texts, encoding: { template }, flags: { prefix = "" } }: TeacherSources,
): Asking {
  const { maxTokens, ...requests } = TEACHER_ENDPOINT.of(settings);
  const first = texts.trained.items.slice(0, teacherTexts).map(({ record }) => record);
  return {
    endpoint: { url, model, ...requests, maxTokens: maxTokens ?? undefined, maxItems: null },
    records: [...new Map(first.map((record) => [promptKey(record), record])).values()],
    ...{ template, prefix },
  };
}

/** An address without what may be nobody else's: its query. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/$/, "")}`;
}

/** Settings that decide what comes of a run: how patiently an endpoint is asked does not. */
export function decidingSettings(profile: Profile): object {
  return { ...profile, [TEACHER_ENDPOINT.name]: undefined };
}

import { InputError } from "#lib/errors.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { excerpt } from "#lib/visible_text.ts";
import { isFolder, listNames } from "./folder_names.ts";
import { ROW_ENDINGS } from "./record_rows.ts";
import { promptKey } from "./records.ts";
import { readTrainingFile, type TrainingFile, type TrainingForm, type TrainingRecord } from "./training_file.ts";

/** Records with responses, to be trained on and scored on. */
export interface TrainingSets {
  readonly form: TrainingForm;
  readonly train: readonly TrainingRecord[];
  /** For curves; the same as `test` where the data has only one held-out set. */
  readonly validation: readonly TrainingRecord[];
  readonly test: readonly TrainingRecord[];
  /** Those that were read, with what each is for. */
  readonly files: readonly { readonly path: string; readonly role: FileRole }[];
  /** Of a data set from the hub. */
  readonly hub?: { readonly repository: string; readonly commit: string };
  /** How records came to be held out, in words. */
  readonly heldOut: string;
  /** A sentence for each reason for which records are left out. */
  readonly notes: readonly string[];
}

type FileRole = "train" | "validation" | "test";

/** Words of a file's name that say what it is for. */
const WORDS: Readonly<Record<FileRole, RegExp>> = {
  train: /^train/,
  validation: /^(valid|validation|val|dev)$/,
  test: /^(test|eval)$/,
};
/** Of the distinct prompts of data without held-out files, the share that is held out, and the most. */
const HELD_OUT_SHARE = 1 / 20;
const MOST_HELD_OUT = 500;
/** Of one draw for all seeds: what is held out is the same in every run. */
const HELD_OUT_SEED = 1;

/**
 * Reads records to train on: a file, or a folder of files named after what they are for (`train`, as in `train-00000-of-00002.parquet`;
 * `valid`, `validation`, `val` or `dev`; `test` or `eval`), in the folder or in a folder `data` in it. Where none is named `train`, the only
 * file whose name says nothing is trained on. `readTrainingFile` has the forms.
 *
 * Where there is neither a validation nor a test file, a twentieth of the distinct prompts is held out (at least one, at most 500), drawn
 * once for all seeds. Training records whose prompt is held out are left out.
 *
 * @throws {InputError} if there is no such path, it has no such file, files hold records of several forms, or no record has a response
 */
export async function readTrainingSets(path: string): Promise<TrainingSets> {
  const files = filesOf(path.replace(/(?<=.)\/+$/, ""));
  const notes: string[] = [];
  const read = await Promise.all(files.map(async (file) => ({ ...file, ...await readTrainingFile(file.path) })));
  const [{ form }] = read;
  const other = read.find((file) => file.form !== form);
  if (other) {
    throw new InputError(`${path}: ${read[0].path} holds ${form} records but ${other.path} ${other.form} records`);
  }
  for (const file of read) notes.push(...notesOf(file));
  const recordsOf = (role: FileRole) => read.filter((file) => file.role === role).flatMap(({ records }) => records);
  const [all, validation, test] = [recordsOf("train"), recordsOf("validation"), recordsOf("test")];
  if (all.length === 0) throw new InputError(`${path}: none of its training records has a response`);
  const common = { form, files, notes };
  if (validation.length + test.length === 0) return { ...common, ...split(all, path) };
  const first = test.length > 0 ? test : validation;
  return {
    ...common,
    ...withoutHeldOut(all, [...validation, ...test], notes, path),
    validation: validation.length > 0 ? validation : first,
    test: first,
    heldOut: "by files",
  };
}

/** The files of a path, each with what it is for. */
function filesOf(path: string): { path: string; role: FileRole }[] {
  if (!isFolder(path)) {
    if (isThere(path)) return [{ path, role: "train" }];
    throw new InputError(`${path}: there is no such file or folder; name one, or a data set of the hub as ORG/NAME`);
  }
  const { files, folders } = listNames(path);
  const rows = files.filter((name) => ROW_ENDINGS.some((ending) => name.endsWith(ending)));
  if (rows.length === 0 && folders.includes("data")) return filesOf(`${path}/data`);
  if (rows.length === 0) {
    throw new InputError(
      `${path}: no file that ends with ${ROW_ENDINGS.join(", ")}; name one, or a folder that has some`,
    );
  }
  const roles = rows.flatMap((name) => {
    const role = roleOf(name);
    return role === undefined ? [] : [{ path: `${path}/${name}`, role }];
  });
  if (roles.some(({ role }) => role === "train")) return roles;
  const others = rows.filter((name) => roleOf(name) === undefined);
  if (others.length === 1) return [{ path: `${path}/${others[0]}`, role: "train" }, ...roles];
  if (rows.length === 1) return [{ path: `${path}/${rows[0]}`, role: "train" }];
  throw new InputError(
    `${path}: none of ${
      excerpt(rows.join(", "))
    } is named train; name the files train, validation and test, or name one file`,
  );
}

function roleOf(name: string): FileRole | undefined {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  return (Object.keys(WORDS) as FileRole[]).find((role) => words.some((word) => WORDS[role].test(word)));
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ENOTDIR") return false;
    throw error;
  }
}

/** Holds out some of the prompts of data that has no file for that. */
function split(all: readonly TrainingRecord[], path: string) {
  const prompts = [...new Set(all.map(promptKey))];
  if (prompts.length < 2) {
    throw new InputError(`${path}: one prompt cannot be trained on and scored on; add records, or a file test.jsonl`);
  }
  const count = Math.min(MOST_HELD_OUT, Math.max(1, Math.floor(HELD_OUT_SHARE * prompts.length)));
  const chosen = new Set(new RandomStream(HELD_OUT_SEED, "held-out prompts").shuffle(prompts).slice(0, count));
  const [test, train] = [true, false].map((isHeldOut) =>
    all.filter((each) => chosen.has(promptKey(each)) === isHeldOut)
  );
  const heldOut = `${count} of ${prompts.length} distinct prompts, drawn once for all seeds`;
  return { train, validation: test, test, heldOut };
}

/** The training records whose prompt is not held out. */
function withoutHeldOut(
  all: readonly TrainingRecord[],
  heldOut: readonly TrainingRecord[],
  notes: string[],
  path: string,
): { readonly train: readonly TrainingRecord[] } {
  const prompts = new Set(heldOut.map(promptKey));
  const train = all.filter((record) => !prompts.has(promptKey(record)));
  const leaked = all.length - train.length;
  if (leaked > 0) notes.push(`train: ${leaked} of ${all.length} records have a held-out prompt and are left out.`);
  if (train.length === 0) throw new InputError(`${path}: every training prompt is among the held-out ones`);
  return { train };
}

function notesOf({ path, records, unanswered, longTalks }: TrainingFile & { readonly path: string }): string[] {
  const name = path.replace(/^.*\//, "");
  const total = records.length + unanswered + longTalks;
  const note = (count: number, what: string) => (count === 0 ? [] : [`${name}: ${count} of ${total} records ${what}.`]);
  return [
    ...note(unanswered, "have no response and are left out"),
    ...note(longTalks, "are talks that do not end with the assistant and are left out"),
  ];
}

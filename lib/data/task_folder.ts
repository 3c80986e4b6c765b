import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { isFolder, listNames } from "./folder_names.ts";
import { filesOfPath, readTaskFile, type TaskFormat } from "./task_files.ts";
import { countLeakedSources, type TaskData, type TaskRecord } from "./task_records.ts";

/** Words of a file's name that say which split it is; one that begins with `train` is for training. */
const SPLIT_WORDS = { validation: ["validation", "valid", "val", "dev"], test: ["test"] } as const;

/** Where a split has no file, one training record in so many is taken for it. */
const TRAINING_PER_HELD_OUT = 10;
const MAX_HELD_OUT = 1000;

/**
 * Reads a data set from `<folder>/<task>`, or from the folder itself if it has no such folder in it; the forms of files are those of
 * `readTaskFile`.
 *
 * | a word of the name | the file is |
 * |---|---|
 * | begins with `train` | training; several are parts, in the order of their names |
 * | `validation`, `valid`, `val`, `dev` | validation |
 * | `test` | test |
 *
 * Where there is no test file the validation file is the test set, as where a data set's test answers are not published
 * (StrategyQA). For what then has no file a tenth of the training records is taken, up to 1,000: the first for validation, the
 * next for testing.
 *
 * @throws {InputError} if the folder or its training file is missing, or a file is wrong
 */
export async function loadTask(task: string, format: TaskFormat, folder: string): Promise<TaskData> {
  const { home, names, ...files } = chooseFiles(task, format, folder);
  const read = async (paths: readonly string[]) =>
    (await Promise.all(paths.map((path) => readTaskFile(task, format, path)))).flat();
  const all = await read(files.train);
  if (all.length === 0) {
    const found = names.length === 0 ? "none" : excerpt(names.join(", "));
    const forms = format.extensions.join(", ");
    throw new InputError(
      `${home}: no training file for ${task} (files: ${found}); expected train* with one of ${forms}`,
    );
  }
  const given = {
    validation: await read(files.validation),
    test: await read(files.test),
  };
  let taken = 0;
  const take = () => all.slice(taken, taken += Math.min(MAX_HELD_OUT, Math.ceil(all.length / TRAINING_PER_HELD_OUT)));
  const heldOut = given.test.length > 0 ? given : { validation: [], test: given.validation };
  const validation = heldOut.validation.length > 0 ? heldOut.validation : take();
  const test = heldOut.test.length > 0 ? heldOut.test : take();
  const train = all.slice(taken);
  if (train.length === 0 || validation.length === 0 || test.length === 0) {
    const needed = 1 + Number(heldOut.validation.length === 0) + Number(heldOut.test.length === 0);
    throw new InputError(
      `${home}: too few training records to hold some out for validation and testing: ${all.length} found, at least ${needed} needed`,
    );
  }
  return { train, validation, test, source: home, leakCount: countLeakedSources(train, test) };
}

/**
 * The files that `loadTask` reads.
 *
 * @throws {InputError} if there is no such folder
 */
export function taskFiles(task: string, format: TaskFormat, folder: string): string[] {
  const { train, validation, test } = chooseFiles(task, format, folder);
  return [...train, ...validation, ...test].flatMap((path) => filesOfPath(format, path));
}

/**
 * Reads the records to score on alone, by the rules of `loadTask`, from a folder that needs no training files: the test files, else those
 * for validation.
 *
 * @returns also the files, of parallel texts both
 * @throws {InputError} if the folder has neither, or a file is wrong
 */
export async function loadTestRecords(
  task: string,
  format: TaskFormat,
  folder: string,
): Promise<{ readonly records: readonly TaskRecord[]; readonly files: readonly string[] }> {
  const { home, test, validation } = chooseFiles(task, format, folder);
  const paths = test.length > 0 ? test : validation;
  if (paths.length === 0) {
    throw new InputError(
      `${home}: no test file for ${task}; expected test* with one of ${format.extensions.join(", ")}`,
    );
  }
  const records = (await Promise.all(paths.map((path) => readTaskFile(task, format, path)))).flat();
  return { records, files: paths.flatMap((path) => filesOfPath(format, path)) };
}

/** The files of each split, and the names of all files of the task's forms. */
function chooseFiles(task: string, { extensions }: TaskFormat, folder: string) {
  const home = isFolder(`${folder}/${task}`) ? `${folder}/${task}` : folder;
  // Of two parallel texts that of the source stands for both.
  const names = listNames(home).files.filter((name) => extensions.some((extension) => name.endsWith(extension)));
  const chosen = (isOf: (word: string) => boolean) => names.filter((name) => wordsOf(name).some(isOf));
  const files = {
    train: chosen((word) => word.startsWith("train")),
    validation: chosen((word) => isOneOf(word, SPLIT_WORDS.validation)),
    test: chosen((word) => isOneOf(word, SPLIT_WORDS.test)),
  };
  const twice = names.find((name) => Object.values(files).filter((split) => split.includes(name)).length > 1);
  if (twice !== undefined) {
    throw new InputError(`${home}/${twice}: the name is of two splits; let it have one of train, validation and test`);
  }
  const paths = (split: readonly string[]) => split.map((name) => `${home}/${name}`);
  return { home, names, train: paths(files.train), validation: paths(files.validation), test: paths(files.test) };
}

function wordsOf(name: string): string[] {
  return name.toLowerCase().split(/[^a-z0-9]+/);
}

function isOneOf(word: string, words: readonly string[]): boolean {
  return words.includes(word);
}

import { InputError } from "#lib/errors.ts";
import { readTaskFile, type TaskFormat } from "./task_files.ts";
import { countLeakedSources, type TaskData } from "./task_records.ts";

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
  const home = isFolder(`${folder}/${task}`) ? `${folder}/${task}` : folder;
  const names = listFiles(home, format.extensions);
  const read = async (isOf: (words: readonly string[]) => boolean) => {
    const files = names.filter((name) => isOf(wordsOf(name)));
    return (await Promise.all(files.map((name) => readTaskFile(task, format, `${home}/${name}`)))).flat();
  };
  const all = await read((words) => words.some((word) => word.startsWith("train")));
  if (all.length === 0) {
    const found = names.length === 0 ? "none" : names.join(", ");
    const forms = format.extensions.join(", ");
    throw new InputError(
      `${home}: no training file for ${task} (files: ${found}); expected train* with one of ${forms}`,
    );
  }
  const given = {
    validation: await read((words) => words.some((word) => isOneOf(word, SPLIT_WORDS.validation))),
    test: await read((words) => words.some((word) => isOneOf(word, SPLIT_WORDS.test))),
  };
  let taken = 0;
  const take = () => all.slice(taken, taken += Math.min(MAX_HELD_OUT, Math.ceil(all.length / TRAINING_PER_HELD_OUT)));
  const heldOut = given.test.length > 0 ? given : { validation: [], test: given.validation };
  const validation = heldOut.validation.length > 0 ? heldOut.validation : take();
  const test = heldOut.test.length > 0 ? heldOut.test : take();
  const train = all.slice(taken);
  if (train.length === 0) throw new InputError(`${home}: ${all.length} training records are too few to hold some out`);
  return { train, validation, test, source: home, leakCount: countLeakedSources(train, test) };
}

/** The data files of a folder; of two parallel texts the English one. */
function listFiles(folder: string, extensions: readonly string[]): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory, name }) =>
      !isDirectory && extensions.some((extension) => name.endsWith(extension))
    )
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${folder}: there is no such folder`);
    if (error instanceof Deno.errors.NotADirectory) throw new InputError(`${folder}: it is a file, not a folder`);
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function wordsOf(name: string): string[] {
  return name.toLowerCase().split(/[^a-z0-9]+/);
}

function isOneOf(word: string, words: readonly string[]): boolean {
  return words.includes(word);
}

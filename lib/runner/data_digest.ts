import { InputError } from "#lib/errors.ts";
import { listNames } from "#lib/data/folder_names.ts";
import { instructionFiles } from "#lib/data/instruction_folder.ts";
import { taskFiles } from "#lib/data/task_folder.ts";
import { TASK_NAMES } from "#lib/data/task_records.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";

/** The data that comes with the program; its files are among the sources that a cell reaches. */
const EMBEDDED = "embedded";

/**
 * The digest of the names and contents of the files that are read of a folder: by the reader of instructions or of one of the tasks.
 * Where the folder is makes no difference, nor do links, nor files that nobody reads.
 *
 * @param givenFolder the folder of `--data`; without it the embedded data is used
 * @throws {InputError} if there is no such folder
 */
export async function dataDigest(givenFolder: string | undefined): Promise<string> {
  if (givenFolder === undefined) return EMBEDDED;
  const folder = givenFolder.replace(/(?<=.)\/+$/, "");
  try {
    listNames(folder);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`--data ${error.message}`);
    throw error;
  }
  const readers = [() => instructionFiles(folder), ...TASK_NAMES.map((task) => () => taskFiles(task, folder))];
  const paths = [...new Set(readers.flatMap(filesOf))].sort();
  const digests = await Promise.all(paths.map(async (path) => [path.slice(folder.length), await digestOfFile(path)]));
  return digestOfJson(digests);
}

/** The files of a reader; none where it cannot read the folder, which it says itself when it is to. */
function filesOf(reader: () => string[]): string[] {
  try {
    return reader();
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** The digest of a file's bytes; of one that cannot be read a word, since its reader refuses it. */
async function digestOfFile(path: string): Promise<string> {
  try {
    return digestOf(await Deno.readFile(path));
  } catch {
    return "unreadable";
  }
}

import { InputError } from "#lib/errors.ts";
import { listNames } from "#lib/data/folder_names.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import type { Cell } from "./cell.ts";

/** The data that comes with the program. */
export const EMBEDDED = "embedded";

/**
 * The digest of the names and contents of the files that a cell's experiment reads of a folder, by what it says itself: where the folder
 * is makes no difference, nor do links, nor files that nobody reads. Files are read once, when a digest is first asked for.
 */
export class DataDigests {
  readonly #folder: string | undefined;
  readonly #digests = new Map<string, string>();
  readonly #digestOfPath = new Map<string, string>();

  /**
   * @param folder the folder of `--data`; without it the embedded data is used
   * @throws {InputError} if there is no such folder
   */
  constructor(folder: string | undefined) {
    this.#folder = folder?.replace(/(?<=.)\/+$/, "");
    if (this.#folder === undefined) return;
    try {
      listNames(this.#folder);
    } catch (error) {
      if (error instanceof InputError) throw new InputError(`--data ${error.message}`);
      throw error;
    }
  }

  /** The digest of what an experiment reads for a task. */
  of({ experiment, task }: Pick<Cell, "experiment" | "task">): string {
    const folder = this.#folder;
    if (folder === undefined) return EMBEDDED;
    const name = `${experiment.name} ${task ?? ""}`;
    const digest = this.#digests.get(name) ?? this.#digestOfFiles(folder, filesOf(experiment.dataFiles, folder, task));
    this.#digests.set(name, digest);
    return digest;
  }

  #digestOfFiles(folder: string, paths: readonly string[]): string {
    const sorted = [...new Set(paths)].sort();
    return digestOfJson(sorted.map((path) => [path.slice(folder.length), this.#digestOfFile(path)]));
  }

  /** The digest of a file's bytes; of one that cannot be read a word, since its reader refuses it. */
  #digestOfFile(path: string): string {
    const known = this.#digestOfPath.get(path);
    if (known !== undefined) return known;
    let digest = "unreadable";
    try {
      digest = digestOf(Deno.readFileSync(path));
    } catch {
      // The reader says why.
    }
    this.#digestOfPath.set(path, digest);
    return digest;
  }
}

/** The files of a reader; none where it cannot read the folder, which it says itself when it is to. */
function filesOf(
  reader: Cell["experiment"]["dataFiles"],
  folder: string,
  task: string | undefined,
): readonly string[] {
  try {
    return reader?.(folder, task) ?? [];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

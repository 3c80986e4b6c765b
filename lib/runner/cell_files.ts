import { addressOf, type Cell, fullAddressOf } from "./cell.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { readTextIfThere, removeIfThere, writeAtomically } from "#lib/results/storage.ts";

/** What is known of a cell that failed. */
export interface Failure {
  /** Of the process: milliseconds since 1970. */
  readonly time: number;
  readonly message: string;
  readonly stack?: string;
  /** Runs the cell again, with the same settings. */
  readonly command: string;
  readonly commit: string;
  /** The digest of the settings and data that it was run with: it says nothing of others. */
  readonly settings: string;
}

export function pathOf(
  { resultsFolder, profileName }: ResultsPlace,
  kind: "logs" | "failures" | "responses" | "computed",
  cell: Cell,
  ending: string,
): string {
  const file = addressOf(cell).replaceAll("/", "_");
  return `${resultsFolder}/${STATE_FOLDER}/${profileName}/${kind}/${cell.experiment.name}/${file}.${ending}`;
}

export function logPathOf(place: ResultsPlace, cell: Cell): string {
  return pathOf(place, "logs", cell, "log");
}

/** What was said while a cell ran, line by line as it was said, so that it is there whatever ends the process. */
export class CellLog {
  readonly #path: string;
  readonly #startMs = performance.now();

  private constructor(path: string) {
    this.#path = path;
  }

  /** Goes on with the cell's log: a cell that was stopped has parts of several processes in it. */
  static async open(place: ResultsPlace, cell: Cell, command: string): Promise<CellLog> {
    const path = logPathOf(place, cell);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true }).catch(() => {});
    const log = new CellLog(path);
    log.#append(`${fullAddressOf(cell)}, ${new Date().toISOString()}, process ${Deno.pid}: ${command}\n`);
    return log;
  }

  line(text: string): void {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    this.#append(`${seconds.padStart(8)} s  ${text}\n`);
  }

  /** A log that cannot be written ends no run: what it is about is more than it. */
  #append(text: string): void {
    try {
      Deno.writeTextFileSync(this.#path, text, { append: true });
    } catch {
      // Said to the person who watches, too.
    }
  }
}

export async function writeFailure(place: ResultsPlace, cell: Cell, failure: Failure): Promise<void> {
  await writeAtomically(pathOf(place, "failures", cell, "json"), `${JSON.stringify(failure, null, 2)}\n`);
}

/** The failure of a cell's last run, if that failed. */
export async function readFailure(place: ResultsPlace, cell: Cell): Promise<Failure | undefined> {
  const text = await readTextIfThere(pathOf(place, "failures", cell, "json"));
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // written by hand: it stops nothing
  }
}

/** The cell is done: it has not failed. */
export async function forgetFailure(place: ResultsPlace, cell: Cell): Promise<void> {
  await removeIfThere(pathOf(place, "failures", cell, "json"));
}

/** What was said while a cell last ran on this machine. */
export async function readLog(place: ResultsPlace, cell: Cell): Promise<string | undefined> {
  return await readTextIfThere(logPathOf(place, cell));
}

/** How a cell is run again: what else was asked for (`--set`, `--data`, …) goes with it. */
export function rerunArguments({ experiment, method, task, seed }: Cell, others: readonly string[]): string[] {
  return [
    "reproduce",
    experiment.name,
    ...["--methods", method.name],
    ...(task === undefined ? [] : ["--tasks", task]),
    ...["--seeds", String(seed)],
    ...others,
  ];
}

/** What was submitted to a cluster, as a folder that a person can read: `results/.state/slurm/<name>/`. */
import { digestOf } from "#lib/results/digest.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import { readTextIfThere, writeAtomically } from "#lib/results/storage.ts";

/** A job of Slurm: an array of tasks, or the one that makes tables. */
export interface GridJob {
  readonly name: string;
  readonly id: string;
  /** Cells of each task, by their full addresses; the array's indices begin at 1. None of the job that makes tables. */
  readonly tasks: readonly (readonly string[])[];
}

/** Cells that were submitted at once. */
export interface Grid {
  readonly format: 1;
  readonly name: string;
  /** Who submitted it, as a command. */
  readonly command: string;
  /** As in 2026-11-29T15:00:00.000Z. */
  readonly time: string;
  /** The folder of the results, and the adapter that they are of. */
  readonly profileName: string;
  readonly adapter: string;
  /** The digest of the settings, and of where the data is: with others its cells are others. */
  readonly settings: string;
  readonly jobs: readonly GridJob[];
}

/** What a node is, as one has told. */
export interface NodeReport {
  readonly adapter: string;
}

export function slurmFolder(resultsFolder: string): string {
  return `${resultsFolder}/${STATE_FOLDER}/slurm`;
}

export function gridFolder(resultsFolder: string, name: string): string {
  return `${slurmFolder(resultsFolder)}/${name}`;
}

/** A name that sorts by time: `20261129-150000-3fa2`. */
export function newGridName(now: Date = new Date()): string {
  const [date, time] = now.toISOString().replaceAll(/[-:]/g, "").split(/[T.]/);
  return `${date}-${time}-${crypto.randomUUID().slice(0, 4)}`;
}

export async function writeGrid(resultsFolder: string, grid: Grid): Promise<void> {
  await writeAtomically(`${gridFolder(resultsFolder, grid.name)}/grid.json`, `${JSON.stringify(grid, null, 1)}\n`);
}

/** All that were submitted, the oldest first. */
export async function readGrids(resultsFolder: string): Promise<Grid[]> {
  const grids: Grid[] = [];
  for (const name of foldersIn(slurmFolder(resultsFolder))) {
    const grid = parse<Grid>(await readTextIfThere(`${gridFolder(resultsFolder, name)}/grid.json`));
    if (grid?.format === 1) grids.push(grid);
  }
  return grids;
}

/** The exit status that a task's script has written when it ended, if it came to that. */
export async function toldEnd(resultsFolder: string, grid: string, task: string): Promise<number | undefined> {
  const text = await readTextIfThere(`${gridFolder(resultsFolder, grid)}/ended/${task}`);
  return /^\d+\n$/.test(text ?? "") ? Number(text) : undefined;
}

/** What a node told of itself, where these arguments of Slurm chose it. */
export async function readNodeReport(resultsFolder: string, slurmArgs: string): Promise<NodeReport | undefined> {
  return parse<NodeReport>(await readTextIfThere(nodeFile(resultsFolder, slurmArgs)));
}

export async function writeNodeReport(resultsFolder: string, slurmArgs: string, report: NodeReport): Promise<void> {
  // Several may have asked at once.
  const guard = { token: crypto.randomUUID().slice(0, 8), check() {} };
  await writeAtomically(nodeFile(resultsFolder, slurmArgs), `${JSON.stringify({ slurmArgs, ...report })}\n`, { guard });
}

function nodeFile(resultsFolder: string, slurmArgs: string): string {
  return `${slurmFolder(resultsFolder)}/nodes/${digestOf(slurmArgs)}.json`;
}

function foldersIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function parse<Value>(text: string | undefined): Value | undefined {
  try {
    return JSON.parse(text ?? "null") ?? undefined;
  } catch {
    return undefined; // edited by hand: of no more use
  }
}

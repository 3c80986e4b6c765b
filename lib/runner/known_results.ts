import { folderOf, type ResultsPlace } from "#lib/results/place.ts";
import { InputError } from "#lib/errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { keyOfAddress } from "./cell.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import { NO_PROVENANCE, type Provenance, withoutRecord } from "#lib/results/provenance.ts";
import { provenanceOfFile } from "#lib/results/recorded_provenance.ts";
import { PAIRS_FILE, PROVENANCE_FILE, RECORDED_FILES, ResultsFolder } from "#lib/results/results_folder.ts";
import { readTextIfThere } from "#lib/results/storage.ts";

/** What is known of an experiment's results. */
export interface KnownResults {
  /** Of cells whose rows are those that were recorded. */
  readonly provenance: Provenance;
  /** Whether the recorded files are those that were written. */
  readonly areWhole: boolean;
}

/**
 * Reads what is known of an experiment's results; the numbers themselves only where the files are not as they were written. Cells whose
 * rows are not those that were recorded are left out: somebody has edited them, or the end of a process came between two files.
 */
export async function readKnown(place: ResultsPlace, experiment: Experiment): Promise<KnownResults> {
  const path = folderOf(place, experiment.name);
  const text = await readTextIfThere(`${path}/${PROVENANCE_FILE}`);
  const found = text === undefined ? undefined : parse(text, `${path}/${PROVENANCE_FILE}`);
  const provenance = found === undefined ? undefined : provenanceOfFile(found);
  if (provenance === undefined) return await olderResults(place, experiment);
  if (await areAsWritten(path, provenance.files)) return { provenance, areWhole: true };
  const folder = await ResultsFolder.open(path, experiment.name);
  const changed = Object.entries(provenance.cells).filter(([address, { rows }]) =>
    rowsDigest(folder, address) !== rows
  );
  return { provenance: changed.reduce((rest, [address]) => withoutRecord(rest, address), provenance), areWhole: false };
}

/** The same of every experiment. */
export async function readAllKnown(
  place: ResultsPlace,
  experiments: readonly Experiment[],
): Promise<Map<Experiment, KnownResults>> {
  return new Map(await Promise.all(experiments.map(async (each) => [each, await readKnown(place, each)] as const)));
}

/** An experiment's results, to be added to: without rows of cells that are not known. */
export async function openKnown(
  place: ResultsPlace,
  experiment: Experiment,
  known: KnownResults,
): Promise<ResultsFolder> {
  const folder = await ResultsFolder.open(folderOf(place, experiment.name), experiment.name);
  folder.provenance = known.provenance;
  const { cells, older = [] } = known.provenance;
  const recorded = new Set([...Object.keys(cells), ...older]);
  folder.keepCells(recorded, experiment.tasks);
  return folder;
}

/** The digest of a cell's rows, but for how responses were found, which older files do not say. */
export function rowsDigest(folder: ResultsFolder, address: string): string {
  const { scores, ...rows } = folder.resultOf(keyOfAddress(address));
  return digestOfJson({ scores: scores.map(({ decoding: _, ...score }) => score), ...rows });
}

async function areAsWritten(path: string, files: Provenance["files"]): Promise<boolean> {
  const same = await Promise.all(RECORDED_FILES.map(async (name) => {
    const text = await readTextIfThere(`${path}/${name}`);
    return text === undefined ? name === PAIRS_FILE && files[name] === undefined : digestOf(text) === files[name];
  }));
  return same.every((isSame) => isSame);
}

/** Results without provenance, or with that of a version before format 2: cells by their scores, to be run again in time. */
async function olderResults(place: ResultsPlace, { name, tasks }: Experiment): Promise<KnownResults> {
  const folder = await ResultsFolder.open(folderOf(place, name), name);
  const older = folder.cellAddresses(tasks);
  return { provenance: older.length === 0 ? NO_PROVENANCE : { ...NO_PROVENANCE, older }, areWhole: older.length === 0 };
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(
      `${path}: not JSON; restore the file (git checkout) or remove it, and its cells are run again`,
    );
  }
}

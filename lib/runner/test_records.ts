import type { Experiment } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { addressOf, type Cell, cellKeyOf, cellsOf } from "./cell.ts";
import { basisOf, computedOf, hashOf, modulesOf, type Present, presentFor } from "./freshness.ts";
import { openKnown, rowsDigest } from "./known_results.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { type FullRecord, NO_PROVENANCE, withRecord } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";

/** What the cells of tests are made of. */
export const USES = { settings: new Map([["ammd.beta", 0.5]]), kernels: new Set(["add"]), data: false };

/** How a cell of a test was recorded. */
export interface TestRecord {
  readonly result: CellResult;
  readonly present: Present;
  readonly commit?: string;
  /** Other digests of sources than those of now: the cell is stale. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** Puts a cell's result, and a record of it, into a folder. */
export function putRecorded(
  folder: ResultsFolder,
  cell: Cell,
  { result, present, commit = "a1", sources }: TestRecord,
): void {
  folder.put(cellKeyOf(cell), result);
  const made = basisOf(computedOf(cell, present.profile), modulesOf(cell), USES, presentFor(cell, present));
  const basis = { ...made, sources: { ...made.sources, ...sources } };
  const record = { ...basis, hash: hashOf(basis), commit, dirty: false, wallSeconds: 2 };
  const rows = rowsDigest(folder, addressOf(cell));
  folder.provenance = withRecord(folder.provenance, addressOf(cell), { ...record, rows } as unknown as FullRecord);
}

/** Writes results of all methods of an experiment that has no tasks. */
export async function writeRecorded(
  place: ResultsPlace,
  experiment: Experiment,
  seeds: readonly number[],
  recordOf: (cell: Cell) => TestRecord,
): Promise<ResultsFolder> {
  const folder = await openKnown(place, experiment, { provenance: NO_PROVENANCE, areWhole: true });
  for (const cell of cellsOf(experiment, { seeds })) putRecorded(folder, cell, recordOf(cell));
  await folder.write();
  return folder;
}

import type { Experiment } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { addressOf, type Cell, cellKeyOf, cellsOf, makingOf } from "./cell.ts";
import { basisOf, hashOf, type Present, presentFor } from "./freshness.ts";
import { openKnown, rowsDigest } from "./known_results.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { type FullRecord, NO_PROVENANCE, withRecord } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";

/** What the cells of tests are made of. */
export const USES = { kernels: new Set(["add"]), data: false, shared: new Set<string>() };

/** How a cell of a test was recorded. */
export interface TestRecord {
  readonly result: CellResult;
  readonly present: Present;
  readonly commit?: string;
  /** Other digests of kernels than those of now: the cell is stale. */
  readonly kernels?: Readonly<Record<string, string>>;
}

/** Puts a cell's result, and a record of it, into a folder. */
export function putRecorded(
  folder: ResultsFolder,
  cell: Cell,
  { result, present, commit = "a1", kernels }: TestRecord,
): void {
  folder.put(cellKeyOf(cell), result);
  const made = basisOf(makingOf(cell, present.profile), USES, presentFor(cell, present));
  const basis = { ...made, kernels: { ...made.kernels, ...kernels } };
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

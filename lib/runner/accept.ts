import { addressOf, type Cell, cellKeyOf } from "./cell.ts";
import type { CellComputer } from "./compute_cell.ts";
import { type Basis, basisOf, computedOf, hashOf, modulesOf, type Present, presentFor, usesOf } from "./freshness.ts";
import type { ExperimentPlan, PlannedCell } from "./plan.ts";
import { recordAt, withRecord } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { type CellRunner, endsTheRun } from "./run_cells.ts";
import { sideBySide } from "./side_by_side.ts";

/** What accepting is to know of the run. */
export interface Acceptance {
  readonly present: Present;
  /** What computes the samples. */
  readonly computer: CellComputer;
  /** The commit that vouches. */
  readonly commit: string;
  secondsOf(cell: Cell): number | undefined;
  note(message: string): void;
}

/**
 * Keeps recorded results that nothing but changed code has made stale, where the code still gives them: of the cells of a method that
 * the same changes reach, the one that takes least is computed again, and where it comes out equal to the byte, and made of the same
 * settings and kernels, all of them are recorded as of the present code, with who vouches for them. For changes that are meant to change
 * no number, as a renamed function is.
 */
export async function acceptUnchanged(plan: ExperimentPlan, runner: CellRunner, acceptance: Acceptance): Promise<void> {
  const candidates = plan.cells.filter(({ state, changes }) =>
    state === "stale" && changes.every(({ kind }) => kind === "code")
  );
  const groups = Map.groupBy(
    candidates,
    ({ cell, changes }) => [cell.method.name, ...changes.map(({ text }) => text)].join("\n"),
  );
  const folder = await runner.folderOf(plan.experiment);
  const waiting = [...groups.values()];
  await sideBySide(acceptance.computer, () => waiting.shift(), async (group) => {
    const sample = cheapest(group, acceptance);
    const names = group.map(({ address }) => address).join(", ");
    const difference = await differenceNow(sample, folder, runner);
    if (difference === undefined) {
      await runner.record(folder, () => {
        for (const planned of group) accept(planned, sample, folder, acceptance);
      });
      acceptance.note(`${plan.experiment.name}: ${sample.address} comes out the same; accepted: ${names}`);
    } else {
      acceptance.note(`${plan.experiment.name}: ${sample.address} ${difference}; not accepted: ${names}`);
    }
  });
}

function cheapest(group: readonly PlannedCell[], { secondsOf }: Acceptance): PlannedCell {
  const time = ({ cell }: PlannedCell) => secondsOf(cell) ?? Infinity;
  return group.toSorted((a, b) => time(a) - time(b))[0];
}

/** How a cell that is recorded comes out otherwise when it is computed now; undefined where it does not. */
async function differenceNow(
  { cell, address }: PlannedCell,
  folder: ResultsFolder,
  runner: CellRunner,
): Promise<string | undefined> {
  try {
    const { result, basis } = await runner.compute(cell);
    if (!folder.holds(cellKeyOf(cell), result)) return "comes out otherwise now";
    return isMadeOf(recordAt(folder.provenance, address)!, basis) ? undefined : "uses other settings or kernels now";
  } catch (error) {
    if (endsTheRun(error)) throw error;
    return `fails now (${(error as Error).message})`;
  }
}

/** Whether two were made of the same settings, kernels and data, by their names. */
function isMadeOf(...bases: readonly [Basis, Basis]): boolean {
  const [recorded, now] = bases.map((basis) => {
    const { settings, kernels, data } = usesOf(basis);
    return JSON.stringify([[...settings.keys()].sort(), [...kernels].sort(), data]);
  });
  return recorded === now;
}

/** Records a cell as of the code of now. */
function accept(
  { cell }: PlannedCell,
  sample: PlannedCell,
  folder: ResultsFolder,
  { present, commit }: Acceptance,
): void {
  const record = recordAt(folder.provenance, addressOf(cell))!;
  const basis = basisOf(computedOf(cell, present.profile), modulesOf(cell), usesOf(record), presentFor(cell, present));
  const accepted = { commit, checked: [sample.address] };
  folder.provenance = withRecord(folder.provenance, addressOf(cell), {
    ...record,
    ...basis,
    hash: hashOf(basis),
    accepted,
  });
}

import { InputError } from "#lib/errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { seedsOf } from "#lib/bench/seeds.ts";
import { addressOf, type Cell, type CellChoice, cellsOf, fullAddressOf, recordedCell, runNameOf } from "./cell.ts";
import { type Change, changesOfCell, type Present } from "./freshness.ts";
import { recordAt } from "#lib/results/provenance.ts";
import type { KnownResults } from "./known_results.ts";
import { folderOf, type ResultsPlace } from "#lib/results/place.ts";
import { isReportFresh } from "./report.ts";

/** What is to be done about a cell, and why. */
export interface PlannedCell {
  readonly cell: Cell;
  /** In its experiment, as in `ammd/10`. */
  readonly address: string;
  readonly state: "fresh" | "stale" | "missing";
  /** Why it is stale. */
  readonly changes: readonly Change[];
  /** Whether it is fresh, and to be run all the same. */
  readonly isForced: boolean;
  /** Another experiment's cell that has its numbers. */
  readonly sameAs?: Cell;
}

/** What is to be done about an experiment. */
export interface ExperimentPlan {
  readonly experiment: Experiment;
  readonly path: string;
  readonly known: KnownResults;
  /** Of the cells that were chosen. */
  readonly cells: readonly PlannedCell[];
  /** Recorded cells that are stale, chosen or not: tables must not mix them with others unsaid. */
  readonly staleAddresses: readonly string[];
  /** Whether its tables and figures are those of what is recorded. */
  readonly reportIsFresh: boolean;
}

const RECORDED_OTHERWISE: Change = { kind: "record", text: "recorded without what it depends on" };
const FORCED: Change = { kind: "record", text: "--force" };

export interface PlanOptions extends Omit<CellChoice, "seeds">, ResultsPlace {
  /** In place of those that the profile has for an experiment. */
  readonly seeds?: readonly number[];
  /** Whether cells that are fresh are to run as well. */
  readonly force: boolean;
}

/**
 * Finds what is there, what is stale and why, and what is missing; it reads the files of the reports at most, and touches no GPU.
 *
 * @param experiments those that are asked for
 * @param known of these and of others: what another one has recorded need not be computed again
 */
export async function planExperiments(
  experiments: readonly Experiment[],
  known: ReadonlyMap<Experiment, KnownResults>,
  options: PlanOptions,
  present: Present,
): Promise<ExperimentPlan[]> {
  const recorded = options.force ? new Map<string, Cell>() : freshRuns(known, present);
  const plans: ExperimentPlan[] = [];
  for (const experiment of experiments) {
    plans.push(await planOf(experiment, known.get(experiment)!, recorded, options, present));
  }
  return plans;
}

/** Every recorded cell that is fresh, by the name of its run: the first of each. */
function freshRuns(known: ReadonlyMap<Experiment, KnownResults>, present: Present): Map<string, Cell> {
  const runs = new Map<string, Cell>();
  for (const [experiment, { provenance }] of known) {
    for (const address of Object.keys(provenance.cells)) {
      const cell = recordedCell(experiment, address);
      if (!cell) continue;
      const run = runNameOf(cell, present.profile);
      const record = recordAt(provenance, address);
      if (!runs.has(run) && record && changesOfCell(record, cell, present).length === 0) runs.set(run, cell);
    }
  }
  return runs;
}

async function planOf(
  experiment: Experiment,
  known: KnownResults,
  recorded: ReadonlyMap<string, Cell>,
  options: PlanOptions,
  present: Present,
): Promise<ExperimentPlan> {
  const seeds = options.seeds ?? seedsOf(experiment, present.profile);
  const cells = cellsOf(experiment, { ...options, seeds }).map((cell): PlannedCell => {
    const judged = judge(cell, known, present);
    const isForced = options.force && judged.state === "fresh";
    const [state, changes] = isForced ? ["stale" as const, [FORCED]] : [judged.state, judged.changes];
    const same = recorded.get(runNameOf(cell, present.profile));
    const sameAs = state !== "fresh" && same && fullAddressOf(same) !== fullAddressOf(cell) ? same : undefined;
    return { cell, address: addressOf(cell), state, changes, isForced, sameAs };
  });
  const stale = staleOf(experiment, known, present);
  return {
    experiment,
    path: folderOf(options, experiment.name),
    known,
    cells,
    staleAddresses: stale,
    reportIsFresh: await isReportFresh(experiment, folderOf(options, experiment.name), known, stale),
  };
}

/** The recorded cells of an experiment that are stale. */
export function staleOf(experiment: Experiment, known: KnownResults, present: Present): string[] {
  const { cells, older = [] } = known.provenance;
  return [...Object.keys(cells), ...older].filter((address) => {
    const cell = recordedCell(experiment, address);
    return cell && judge(cell, known, present).state === "stale";
  });
}

/** Whether a cell is recorded, and would come out the same now. */
export function isRecorded(cell: Cell, known: KnownResults, present: Present): boolean {
  return judge(cell, known, present).state === "fresh";
}

function judge(cell: Cell, { provenance }: KnownResults, present: Present): Pick<PlannedCell, "state" | "changes"> {
  const address = addressOf(cell);
  if (provenance.older?.includes(address)) return { state: "stale", changes: [RECORDED_OTHERWISE] };
  const record = recordAt(provenance, address);
  if (!record) return { state: "missing", changes: [] };
  const changes = changesOfCell(record, cell, present);
  return { state: changes.length === 0 ? "fresh" : "stale", changes };
}

/** The cells of a plan that are to be run or taken over. */
export function cellsToRun({ cells }: ExperimentPlan): PlannedCell[] {
  return cells.filter(({ state }) => state !== "fresh");
}

/** The seeds, methods or tasks of a choice that no experiment of it has would be silently nothing. */
export function expectCells(plans: readonly ExperimentPlan[]): void {
  if (plans.every(({ cells }) => cells.length === 0)) {
    throw new InputError(
      "no cell is of these experiments, methods and tasks at once; ./run list shows what there is",
    );
  }
}

import { type Failure, readFailure } from "#lib/runner/cell_files.ts";
import { type Grid, readGrids } from "#lib/cluster/grid.ts";
import { type GridCell, gridCells } from "#lib/cluster/grid_state.ts";
import { isBeside, profileOf, type ResultsPlace } from "#lib/results/place.ts";
import type { ChosenPlace } from "#lib/runner/adapter_place.ts";
import { addressOf, type Cell } from "#lib/runner/cell.ts";
import { settingsDigest } from "#lib/runner/freshness.ts";
import { cellsToRun, type ExperimentPlan, type PlannedCell } from "#lib/runner/plan.ts";
import { Reproduction } from "#lib/runner/reproduction.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { defineCommand } from "./command.ts";
import { describeTotal, reasonLines } from "./plan_text.ts";
import { describePlace } from "./place_text.ts";
import { givenArguments, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const status = defineCommand({
  name: "status",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: SHOWN_FLAGS,
  async run({ positional, flags }, context) {
    const shown = await shownResults(positional, flags, context);
    const { profile, experiments, allExperiments } = shown;
    const grids = await readGrids(shown.resultsFolder);
    const place = flags.recorded ? shown.place : placeOfGrid(grids, shown.place);
    const { resultsFolder, profileName } = place;
    const reproduction = await Reproduction.plan({
      ...{ resultsFolder, profileName, profile, experiments, allExperiments },
      keepsRecorded: false,
      dataFolder: flags.data,
      force: false,
      asksForAdapter: false,
      anyAdapter: gridsOf(grids, place).length > 0,
      failFast: false,
      checkpointSeconds: 0,
      otherArguments: [],
      stop: context.stop,
    }, place.adapter);
    const { plans } = reproduction;
    const { print } = context.terminal;
    print(describePlace(place));
    const submitted = await gridCells(plans.flatMap(cellsToRun).map(({ cell }) => cell), place, gridsOf(grids, place));
    const inGrid = new Map(submitted.map((each) => [each.cell, each]));
    for (const plan of plans) print(await describeState(plan, place, reproduction, inGrid));
    print(describeTotal(plans, reproduction));
    const isDone = plans.every(({ cells }) => cells.every(({ state }) => state === "fresh"));
    if (!isDone) print(`next: ${shellCommand(["reproduce", ...positional, ...givenArguments(flags)])}`);
    return 0;
  },
});

/** Lines for cells of one state that are shown. */
const SHOWN_IN_GRID = 12;

async function describeState(
  { experiment, cells, known }: ExperimentPlan,
  place: ResultsPlace,
  { present }: Reproduction,
  inGrid: ReadonlyMap<Cell, GridCell>,
): Promise<string> {
  const failures: [PlannedCell, Failure][] = [];
  for (const planned of cells.filter(({ state }) => state !== "fresh")) {
    const failure = await readFailure(place, planned.cell);
    // One with other settings or data says nothing of the present ones, nor one that is tried again.
    if (failure?.settings !== settingsDigest(planned.cell, present)) continue;
    if (!isUnderWay(inGrid.get(planned.cell))) failures.push([planned, failure]);
  }
  const failed = new Set(failures.map(([planned]) => planned));
  const submitted = cells.flatMap((planned) => failed.has(planned) ? [] : inGrid.get(planned.cell) ?? []);
  const others = cells.filter((planned) => !failed.has(planned) && !inGrid.has(planned.cell));
  const of = (state: PlannedCell["state"]) => others.filter((planned) => planned.state === state);
  const vouchedFor = of("fresh").filter(({ address }) => known.provenance.cells[address].accepted?.noise).length;
  const done = `${of("fresh").length} done${vouchedFor > 0 ? ` (${vouchedFor} accepted within the noise)` : ""}`;
  const lost = submitted.filter(({ state }) => state === "failed").length;
  return [
    `${experiment.name}: ${done}, ${failed.size + lost} failed, ${of("stale").length} stale, ${
      of("missing").length
    } missing`,
    ...failures.map(([{ address }, { message, command }]) => `  ${address}: failed: ${message}\n    again: ${command}`),
    ...gridLines(submitted),
    ...reasonLines([...of("stale"), ...of("missing")]),
  ].join("\n");
}

function isUnderWay(submitted: GridCell | undefined): boolean {
  return submitted !== undefined && submitted.state !== "failed";
}

/** How many cells a cluster has in each state, and those that run or failed. */
function gridLines(submitted: readonly GridCell[]): string[] {
  if (submitted.length === 0) return [];
  const of = (state: GridCell["state"]) => submitted.filter((each) => each.state === state);
  const counts = (["queued", "running", "computed", "failed", "unknown"] as const)
    .flatMap((state) => of(state).length === 0 ? [] : `${of(state).length} ${state}`);
  const shown = [...of("failed"), ...of("running"), ...of("queued")];
  const lines = shown.slice(0, SHOWN_IN_GRID).map(({ cell, state, text, log }) =>
    `  ${addressOf(cell)}: ${state}: ${text}${state === "failed" ? `\n    log: ${log}` : ""}`
  );
  const more = shown.length > SHOWN_IN_GRID ? [`  … and ${shown.length - SHOWN_IN_GRID} more`] : [];
  return [`  slurm: ${counts.join(", ")}`, ...lines, ...more];
}

/** The folder that a cluster computes for, where one does for this profile: its nodes need not have this machine's adapter. */
function placeOfGrid(grids: readonly Grid[], place: ChosenPlace): ChosenPlace {
  const latest = grids.findLast(({ profileName }) => profileOf(profileName) === profileOf(place.profileName));
  if (!latest || latest.profileName === place.profileName) return place;
  const { profileName, adapter } = latest;
  return { ...place, profileName, adapter, recorded: isBeside(profileName) ? place.recorded : undefined };
}

function gridsOf(grids: readonly Grid[], { profileName }: ResultsPlace): Grid[] {
  return grids.filter((grid) => grid.profileName === profileName);
}

import { fullAddressOf } from "#lib/runner/cell.ts";
import type { Estimate } from "#lib/runner/estimate.ts";
import { cellsToRun, type ExperimentPlan, type PlannedCell } from "#lib/runner/plan.ts";
import { formatDuration } from "./progress_line.ts";

/** Changes that are shown of a cell; `show` shows all. */
const SHOWN_CHANGES = 3;
const SHOWN_CELLS = 6;

/** Estimates how long plans will take. */
interface PlanTimes {
  estimateOf(plans: readonly ExperimentPlan[]): Estimate;
}

/** What will be done about an experiment and why: a line for it, and one for all cells that have the same reason. */
export function describePlan(plan: ExperimentPlan, times: PlanTimes): string {
  const { experiment, cells, known } = plan;
  const toRun = cellsToRun(plan);
  const edited = known.areWhole ? "" : "; its files are not as they were written (edited, or a stop in between)";
  const cached = `${experiment.name}: cached ${cells.length - toRun.length}/${cells.length}${edited}`;
  if (toRun.length === 0) return plan.reportIsFresh ? cached : `${cached}; tables and figures are rebuilt`;
  const estimate = describeEstimate(times.estimateOf([plan]));
  return [`${cached}, to run ${toRun.length}${estimate}`, ...reasonLines(toRun)].join("\n");
}

/** What will be done in all. */
export function describeTotal(plans: readonly ExperimentPlan[], times: PlanTimes): string {
  const total = plans.reduce((sum, { cells }) => sum + cells.length, 0);
  const toRun = plans.reduce((sum, plan) => sum + cellsToRun(plan).length, 0);
  return `cached ${total - toRun}/${total}${
    toRun === 0 ? "" : `, to run ${toRun}${describeEstimate(times.estimateOf(plans))}`
  }`;
}

function describeEstimate({ seconds, unknown }: Estimate): string {
  if (seconds === 0) return unknown === 0 ? "" : " (none was timed before)";
  const rest = unknown === 0 ? "" : ` and what ${unknown} take that were never timed`;
  return ` (about ${formatDuration(1000 * seconds)}${rest})`;
}

/** Why cells are to be run: a line for all that have the same reason. */
export function reasonLines(cells: readonly PlannedCell[]): string[] {
  return [...Map.groupBy(cells, reasonOf)].map(([reason, group]) => {
    const more = group.length > SHOWN_CELLS ? ` and ${group.length - SHOWN_CELLS} more` : "";
    return `  ${group.slice(0, SHOWN_CELLS).map(({ address }) => address).join(", ")}${more}: ${reason}`;
  });
}

function reasonOf({ state, changes, sameAs }: PlannedCell): string {
  const shown = changes.slice(0, SHOWN_CHANGES).map(({ text }) => text).join(", ");
  const more = changes.length > SHOWN_CHANGES ? ` and ${changes.length - SHOWN_CHANGES} more changes` : "";
  const why = state === "missing" ? "missing" : `stale: ${shown}${more}`;
  return sameAs ? `${why}; taken from ${fullAddressOf(sameAs)}` : why;
}

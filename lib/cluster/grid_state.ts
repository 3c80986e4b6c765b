import { isFile } from "#lib/results/storage.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import { keptPath, seenAt } from "#lib/runner/kept_cells.ts";
import { type Grid, gridFolder, toldEnd } from "./grid.ts";
import { describeEnd, endedOf, type Queued, queueOf } from "./queue.ts";

/** What has become of a cell that was submitted. */
export interface GridCell {
  readonly cell: Cell;
  readonly state: "queued" | "running" | "computed" | "failed" | "unknown";
  /** Node, step and time left of one that runs; why one waits or failed. */
  readonly text: string;
  /** The file of what its task said. */
  readonly log: string;
}

/** Where a cell was submitted last. */
interface Submitted {
  readonly grid: Grid;
  /** As Slurm names it: `12_3`. */
  readonly task: string;
  readonly job: string;
}

/** The tasks in which cells were submitted last, by the cells' full addresses. */
export function submittedIn(grids: readonly Grid[]): Map<string, Submitted> {
  const submitted = new Map<string, Submitted>();
  for (const grid of grids) {
    for (const { id, tasks } of grid.jobs) {
      tasks.forEach((cells, i) => {
        for (const cell of cells) submitted.set(cell, { grid, task: `${id}_${i + 1}`, job: id });
      });
    }
  }
  return submitted;
}

/** What has become of cells that are not recorded yet; those that were never submitted are left out. */
export async function gridCells(
  cells: readonly Cell[],
  place: ResultsPlace,
  grids: readonly Grid[],
): Promise<GridCell[]> {
  const submitted = submittedIn(grids);
  const known = cells.flatMap((cell) => {
    const where = submitted.get(fullAddressOf(cell));
    return where ? [{ cell, ...where }] : [];
  });
  const open = known.filter(({ cell }) => !isFile(keptPath(place, cell)));
  const jobs = [...new Set(open.map(({ job }) => job))];
  const queue = await queueOf(jobs);
  const over = open.filter(({ task }) => !queue?.has(task)).map(({ job }) => job);
  const ended = queue ? await endedOf([...new Set(over)]) : new Map();
  return await Promise.all(known.map(async ({ cell, grid, task }): Promise<GridCell> => {
    const log = `${gridFolder(place.resultsFolder, grid.name)}/logs/${task}.log`;
    if (isFile(keptPath(place, cell))) return { cell, state: "computed", text: "to be recorded", log };
    if (!queue) return { cell, state: "unknown", text: "Slurm cannot be asked now", log };
    const queued = queue.get(task);
    if (queued) return { cell, ...await queuedState(cell, place, queued), log };
    const told = await toldEnd(place.resultsFolder, grid.name, task);
    return { cell, state: "failed", text: describeEnd(ended.get(task), told), log };
  }));
}

async function queuedState(
  cell: Cell,
  place: ResultsPlace,
  { state, node, left, reason }: Queued,
): Promise<Pick<GridCell, "state" | "text">> {
  if (state === "PENDING") return { state: "queued", text: reason };
  const says = (await seenAt(place, cell))?.record?.says ?? "";
  const time = /^(UNLIMITED|INVALID|NOT_SET)?$/.test(left) ? "" : `, ${left} left`;
  return { state: "running", text: `on ${node}${time}${says === "" ? "" : `: ${says}`}` };
}

import { lockFolder } from "#lib/results/folder_lock.ts";
import { codeVersion } from "#lib/results/git_repository.ts";
import type { Guard } from "#lib/results/storage.ts";
import { type Cell, runNameOf } from "./cell.ts";
import type { CellComputer, Computation } from "./compute_cell.ts";
import { forgetKept, readKept } from "./kept_cells.ts";
import { cellsToRun, type PlannedCell } from "./plan.ts";
import { Reproduction, type ReproductionOptions } from "./reproduction.ts";
import { CellRunner } from "./run_cells.ts";

/** What was recorded, of how many. */
export interface Collected {
  readonly reproduction: Reproduction;
  /** Cells that were recorded now, and those that another experiment has and were taken over. */
  readonly recorded: number;
  /** Tables of each experiment, in the plan's order. */
  readonly tables: readonly string[];
}

/**
 * Records what tasks of a cluster have computed (`kept_cells.ts`) and makes the tables; computes nothing. It waits while another process
 * is at the folder.
 *
 * @param options of a plan whose place is the one that tasks were told
 * @param adapter of the results, where only its own are wanted and it is not this machine's
 */
export async function collectKept(options: ReproductionOptions, adapter?: string): Promise<Collected> {
  using guard = await lockFolder(options.resultsFolder, Deno.args, options.stop);
  const reproduction = await Reproduction.plan(options, adapter);
  const { kept, runner, recorded } = await recordKept(reproduction, options, guard);
  const tables: string[] = [];
  for (const plan of reproduction.plans) tables.push(...await reproduction.tablesOf(plan, runner));
  // Recorded: of no use any more.
  for (const cell of kept) await forgetKept(reproduction.place, cell);
  return { reproduction, recorded, tables };
}

/** Puts what is kept among the results, which are to be written next. */
async function recordKept({ present, place, plans }: Reproduction, options: ReproductionOptions, guard: Guard) {
  const kept = new Map<string, Computation>();
  const runOf = (cell: Cell) => runNameOf(cell, present.profile);
  const cells: Cell[] = [];
  for (const { cell } of plans.flatMap(cellsToRun)) {
    const computation = kept.has(runOf(cell)) ? undefined : await readKept(place, cell, present);
    if (computation) [kept.set(runOf(cell), computation), cells.push(cell)];
  }
  const isThere = ({ cell, sameAs }: PlannedCell) => sameAs !== undefined || kept.has(runOf(cell));
  const there = plans.map((plan) => ({ ...plan, cells: plan.cells.filter((each) => isThere(each)) }));
  let recorded = 0;
  const computer = new KeptComputer((cell) => kept.get(runOf(cell)));
  const settled = { ...options, ...place, failFast: true, writesLater: true, guard };
  const runner = new CellRunner(computer, { ...settled, present, code: await codeVersion() }, {
    begin() {},
    putBack() {},
    end: () => void recorded++,
  });
  await runner.run(there, () => Promise.resolve());
  if (runner.failed.length > 0) throw runner.failed[0].error;
  return { kept: cells, runner, recorded };
}

/** Gives what others have computed. */
class KeptComputer implements CellComputer {
  readonly width: number = 1;
  readonly #of: (cell: Cell) => Computation | undefined;

  constructor(of: (cell: Cell) => Computation | undefined) {
    this.#of = of;
  }

  compute(cell: Cell): Promise<Computation> {
    const computation = this.#of(cell);
    if (!computation) throw new RangeError("Cannot record a cell of which nothing is kept");
    return Promise.resolve(computation);
  }

  abandon(): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

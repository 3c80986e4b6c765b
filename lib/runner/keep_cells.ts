import { Claim } from "#lib/results/claim.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { type Cell, fullAddressOf } from "./cell.ts";
import { forgetFailure, rerunArguments, writeFailure } from "./cell_files.ts";
import type { CellComputer, CellWatcher } from "./compute_cell.ts";
import { type Present, settingsDigest } from "./freshness.ts";
import { keepCell, keptClaimPath, readKept } from "./kept_cells.ts";
import { readKnown } from "./known_results.ts";
import { isRecorded } from "./plan.ts";
import { endsTheRun } from "./run_cells.ts";

export interface KeepOptions extends ResultsPlace {
  /** Where it is kept: the adapter is undefined where any will do. */
  readonly present: Present;
  /** What else was asked for (`--set`, `--data`, …), to run a cell again. */
  readonly otherArguments: readonly string[];
  readonly leaseSeconds?: number;
  /** Stops what is being computed: it is saved, and ends with the reason. */
  readonly stop: AbortController;
  /** Opens the device, when the first cell needs it. */
  open(watcher: CellWatcher): Promise<CellComputer>;
  say(message: string): void;
}

/**
 * Computes cells that are not there yet and keeps what each gave for a run to record (`kept_cells.ts`), as a task of a cluster does.
 * While another process is at a cell it waits for that one, to find the cell done, or goes on where it died.
 *
 * @returns what cells failed with
 * @throws {StorageError} where another process has taken a cell over, or the disk refuses
 */
export async function keepCells(cells: readonly Cell[], options: KeepOptions): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  let current: Claim | undefined;
  let computer: CellComputer | undefined;
  const watcher: CellWatcher = {
    say(cell, message) {
      current?.say(message);
      options.say(`${fullAddressOf(cell)}: ${message}`);
    },
    progress: (_, { what, unit, done, all }) => current?.say(`${what}: ${unit} ${done} of ${all}`),
    note: options.say,
  };
  try {
    for (const cell of cells) {
      using claim = await claimCell(cell, options);
      current = claim;
      if (await isThere(cell, options)) {
        options.say(`${fullAddressOf(cell)}: is there`);
        continue;
      }
      const onLost = () => options.stop.abort(claim.lost.reason);
      claim.lost.addEventListener("abort", onLost);
      computer ??= await options.open(watcher);
      const error = await keepOne(cell, computer, claim, options);
      claim.lost.removeEventListener("abort", onLost);
      if (error !== undefined) errors.push(error);
    }
    return errors;
  } finally {
    await computer?.[Symbol.asyncDispose]();
  }
}

async function claimCell(cell: Cell, { stop, leaseSeconds, say, ...place }: KeepOptions): Promise<Claim> {
  stop.signal.throwIfAborted();
  const path = keptClaimPath(place, cell);
  const terms = { leaseSeconds, command: fullAddressOf(cell) };
  const claim = await Claim.tryAcquire(path, terms);
  if (claim) return claim;
  say(`${fullAddressOf(cell)}: another process is at it; waits for that`);
  return await Claim.acquire(path, stop.signal, terms);
}

async function isThere(cell: Cell, { present, ...place }: KeepOptions): Promise<boolean> {
  if (await readKept(place, cell, present)) return true;
  return isRecorded(cell, await readKnown(place, cell.experiment), present);
}

/** What it failed with, if that is the cell's own failure. */
async function keepOne(cell: Cell, computer: CellComputer, guard: Claim, options: KeepOptions): Promise<unknown> {
  const { present, otherArguments } = options;
  try {
    await keepCell(options, cell, await computer.compute(cell), { code: present.code, guard });
    await forgetFailure(options, cell);
  } catch (error) {
    if (endsTheRun(error)) throw error;
    guard.check();
    const { message, stack } = error as Error;
    const command = shellCommand(rerunArguments(cell, otherArguments));
    const settings = settingsDigest(cell, present);
    await writeFailure(options, cell, { time: Date.now(), message, stack, command, commit: "unknown", settings });
    options.say(`${fullAddressOf(cell)}: failed: ${message}`);
    return error;
  }
}

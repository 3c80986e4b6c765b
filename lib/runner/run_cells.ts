import { GpuError } from "#kernels/runtime/gpu.ts";
import { Interrupted, StorageError } from "#lib/errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { addressOf, type Cell, cellKeyOf, fullAddressOf, makingOf, runNameOf } from "./cell.ts";
import { forgetFailure, rerunArguments, writeFailure } from "./cell_files.ts";
import type { CodeVersion } from "#lib/results/git_repository.ts";
import type { CellComputer } from "./compute_cell.ts";
import { hashOf, type Present, settingsDigest } from "./freshness.ts";
import { openKnown, readKnown, rowsDigest } from "./known_results.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { Busy } from "./shared_things.ts";
import { cellsToRun, type ExperimentPlan } from "./plan.ts";
import { type FullRecord, type Provenance, recordAt, withRecord } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { Schedule, type ScheduledCell } from "./schedule.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { sideBySide } from "./side_by_side.ts";
import { cellPath } from "./snapshot_file.ts";
import { removeIfThere } from "#lib/results/storage.ts";

/** A cell whose training went wrong. */
export interface FailedCell {
  readonly cell: Cell;
  readonly error: Error;
  /** Runs it again. */
  readonly command: string;
}

/** What is followed while cells run. */
export interface CellObserver {
  begin(cell: Cell): void;
  /** It will begin again later: something that it needs is being made. */
  putBack(cell: Cell): void;
  /**
   * @param how it was run; its numbers were taken from another experiment's cell; or it failed
   * @param ownMs what it took by itself, if it was run
   */
  end(cell: Cell, how: "run" | "taken" | "failed", ownMs?: number): void;
}

export interface CellRunOptions extends ResultsPlace {
  /** Ends the run at the first cell that fails. */
  readonly failFast: boolean;
  /** What else was asked for (`--set`, `--data`, …), to run a cell again. */
  readonly otherArguments: readonly string[];
  readonly present: Present;
  readonly code: CodeVersion;
  readonly stop: AbortSignal;
}

/** After these the other cells cannot go on either. */
const FATAL = [Interrupted, StorageError, GpuError];

export function endsTheRun(error: unknown): boolean {
  return !(error instanceof Error) || FATAL.some((kind) => error instanceof kind);
}

/** Runs cells, one after the other or as many at once as the computer takes, and writes what each gave as soon as it has. */
export class CellRunner {
  readonly #computer: CellComputer;
  readonly #options: CellRunOptions;
  readonly #observer: CellObserver;
  /** Cells that have been computed or taken over, and errors of those that failed, by the name of their run. */
  readonly #done = new Map<string, Cell>();
  readonly #errors = new Map<string, Error>();
  readonly #folders = new Map<Experiment, Promise<ResultsFolder>>();
  /** Ends when no cell is being recorded. */
  #recorded: Promise<void> = Promise.resolve();
  readonly failed: FailedCell[] = [];

  constructor(computer: CellComputer, options: CellRunOptions, observer: CellObserver) {
    [this.#computer, this.#options, this.#observer] = [computer, options, observer];
  }

  /**
   * Runs what is stale or missing.
   *
   * @param ended is called with each plan that has cells to run when the last of them has ended
   */
  async run(plans: readonly ExperimentPlan[], ended: (plan: ExperimentPlan) => Promise<void>): Promise<void> {
    // A process that ended between the results and their snapshot has left it; and what is forced begins anew.
    for (const { cell, state, isForced } of plans.flatMap(({ cells }) => cells)) {
      if (state === "fresh" || isForced) await removeIfThere(cellPath(this.#options, cell));
    }
    const schedule = new Schedule(plans, this.#options.present.profile, this.#computer.width);
    const left = new Map(plans.map((plan) => [plan, cellsToRun(plan).length]));
    const next = () => this.#isOver ? undefined : schedule.next();
    await sideBySide(this.#computer, next, async (turn) => {
      for (const planned of turn.cells) {
        if (this.#isOver) return;
        this.#options.stop.throwIfAborted();
        if (!await this.#runOrTake(planned, turn.waits)) return schedule.putBack(turn);
        left.set(planned.plan, left.get(planned.plan)! - 1);
        if (left.get(planned.plan) === 0) await ended(planned.plan);
      }
    });
  }

  /** An experiment's results, without rows of cells that are not recorded; every time the same object. */
  folderOf(experiment: Experiment): Promise<ResultsFolder> {
    const known = async () => await openKnown(this.#options, experiment, await readKnown(this.#options, experiment));
    const folder = this.#folders.get(experiment) ?? known();
    this.#folders.set(experiment, folder);
    return folder;
  }

  /** Changes results and writes them, when no other change is being written: files have one writer, and hold what it knows. */
  async record(folder: ResultsFolder, change: () => void): Promise<void> {
    const recorded = this.#recorded.then(() => {
      change();
      return folder.write();
    });
    this.#recorded = recorded.catch(() => {});
    await recorded;
  }

  /** Whether no more cells are begun. */
  get #isOver(): boolean {
    return this.#options.failFast && this.failed.length > 0;
  }

  /** Whether it has ended; otherwise it is to be put back. */
  async #runOrTake({ cell, sameAs, plan }: ScheduledCell, waits: boolean): Promise<boolean> {
    const run = runNameOf(cell, this.#options.present.profile);
    const source = this.#done.get(run) ?? sameAs;
    this.#observer.begin(cell);
    try {
      const earlier = this.#errors.get(run);
      if (earlier) throw earlier;
      const folder = await this.folderOf(plan.experiment);
      const ownMs = source ? await this.#take(cell, source, folder) : await this.#computeAndRecord(cell, folder, waits);
      this.#done.set(run, cell);
      await removeIfThere(cellPath(this.#options, cell));
      await forgetFailure(this.#options, cell);
      this.#observer.end(cell, source ? "taken" : "run", ownMs);
    } catch (error) {
      if (error instanceof Busy || (error instanceof Interrupted && this.#isOver)) {
        this.#observer.putBack(cell);
        return false;
      }
      if (endsTheRun(error)) throw error;
      this.#errors.set(run, error as Error);
      await this.#fail(cell, error as Error);
    }
    return true;
  }

  /** Copies what another experiment has recorded of the same run. */
  async #take(cell: Cell, source: Cell, folder: ResultsFolder): Promise<undefined> {
    const from = await this.folderOf(source.experiment);
    const record = recordAt(from.provenance, addressOf(source));
    if (!record) throw new RangeError(`Cannot take ${fullAddressOf(source)}: it is not recorded`);
    const basis = { ...record, ...makingOf(cell, this.#options.present.profile) };
    const takenFrom = record.takenFrom ?? fullAddressOf(source);
    const taken = { ...basis, hash: hashOf(basis), takenFrom };
    await this.record(folder, () => {
      const { shared, data } = from.provenance;
      put(folder, cell, from.resultOf(cellKeyOf(source)), taken, { shared, data: dataOf(source, data) });
    });
  }

  async #computeAndRecord(cell: Cell, folder: ResultsFolder, waits: boolean): Promise<number> {
    const { result, basis, description, shared, ownMs, ...memory } = await this.#computer.compute(cell, waits);
    const wallSeconds = Math.round(ownMs / 100) / 10;
    const record = { ...this.#options.code, ...basis, hash: hashOf(basis), wallSeconds, ...memory };
    await this.record(folder, () => put(folder, cell, result, record, { data: description, shared }));
    return ownMs;
  }

  async #fail(cell: Cell, error: Error): Promise<void> {
    const { code, otherArguments, present } = this.#options;
    const command = shellCommand(rerunArguments(cell, otherArguments));
    const { message, stack } = error;
    const settings = settingsDigest(cell, present);
    await writeFailure(this.#options, cell, {
      time: Date.now(),
      message,
      stack,
      command,
      commit: code.commit,
      settings,
    });
    this.failed.push({ cell, error, command });
    if (this.#options.failFast) this.#computer.abandon();
    this.#observer.end(cell, "failed");
  }
}

/** What an experiment knows of the data, without that of other tasks than the cell's: which of these are known depends on which have run. */
export function dataOf(
  { experiment: { tasks = [] }, task }: { readonly experiment: Pick<Experiment, "tasks">; readonly task?: string },
  data: Provenance["data"],
): Provenance["data"] {
  const corpusOf = (name = "") => name.split("/")[0];
  const others = new Set(tasks.map(corpusOf));
  others.delete(corpusOf(task));
  return Object.fromEntries(Object.entries(data).filter(([name]) => !others.has(name)));
}

/** Puts a cell's results and its record in place of any that were there, and beside them what is known of its data and shared things. */
function put(
  folder: ResultsFolder,
  cell: Cell,
  result: CellResult,
  record: Omit<FullRecord, "rows">,
  { data, shared }: Pick<Provenance, "data" | "shared">,
): void {
  folder.put(cellKeyOf(cell), result);
  const address = addressOf(cell);
  const provenance = withRecord(folder.provenance, address, { ...record, rows: rowsDigest(folder, address) });
  const longer = Object.entries(shared).filter(([name, { seconds }]) =>
    seconds > (provenance.shared[name]?.seconds ?? 0)
  );
  folder.provenance = {
    ...provenance,
    data: { ...provenance.data, ...data },
    shared: { ...provenance.shared, ...Object.fromEntries(longer) },
  };
}

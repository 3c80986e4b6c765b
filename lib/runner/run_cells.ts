import { GpuError } from "#kernels/runtime/gpu.ts";
import { Interrupted, StorageError } from "#lib/errors.ts";
import type { CellResult, Experiment, ExperimentRun } from "#lib/experiment/experiment.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import { addressOf, type Cell, cellKeyOf, fullAddressOf, runNameOf } from "./cell.ts";
import { CellLog, forgetFailure, rerunArguments, writeFailure } from "./cell_files.ts";
import type { CodeVersion } from "./code_version.ts";
import { basisOf, computedOf, hashOf, modulesOf, type Present, settingsDigest } from "./freshness.ts";
import { openKnown, readKnown, type ResultsPlace, rowsDigest } from "./known_results.ts";
import type { OpenRun } from "./open_run.ts";
import { cellsToRun, type ExperimentPlan, type PlannedCell } from "./plan.ts";
import { type FullRecord, recordAt, withRecord } from "./provenance.ts";
import type { ResultsFolder } from "./results_folder.ts";
import { shellCommand } from "./shell_command.ts";
import type { Uses } from "./uses.ts";

/** A cell whose training went wrong. */
export interface FailedCell {
  readonly cell: Cell;
  readonly error: Error;
  /** Runs it again. */
  readonly command: string;
}

/** What a cell gave, and what it was made of. */
export interface Computation {
  readonly result: CellResult;
  readonly uses: Uses;
  /** Data and sizes, by the name of the data. */
  readonly description: ExperimentRun["description"];
  /** What it took by itself. */
  readonly ownMs: number;
}

/** What is followed while cells run. */
export interface CellObserver {
  begin(cell: Cell): void;
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
}

/** After these the other cells cannot go on either. */
const FATAL = [Interrupted, StorageError, GpuError];

export function endsTheRun(error: unknown): boolean {
  return !(error instanceof Error) || FATAL.some((kind) => error instanceof kind);
}

/** Runs cells one after the other, and writes what each gave before the next begins. */
export class CellRunner {
  readonly #run: OpenRun;
  readonly #options: CellRunOptions;
  readonly #observer: CellObserver;
  /** Cells that have been computed or taken over, and errors of those that failed, by the name of their run. */
  readonly #done = new Map<string, Cell>();
  readonly #errors = new Map<string, Error>();
  readonly #folders = new Map<Experiment, ResultsFolder>();
  readonly failed: FailedCell[] = [];

  constructor(run: OpenRun, options: CellRunOptions, observer: CellObserver) {
    this.#run = run;
    this.#options = options;
    this.#observer = observer;
    run.present = options.present;
  }

  /** Runs what is stale or missing of an experiment; the folder with what there is then. */
  async runExperiment(plan: ExperimentPlan): Promise<ResultsFolder> {
    const folder = await this.folderOf(plan.experiment);
    // A process that ended between the results and their snapshot has left it; and what is forced begins anew.
    for (const { cell, state, isForced } of plan.cells) {
      if (state === "fresh" || isForced) await this.#run.snapshotsOf(cell).remove();
    }
    for (const planned of cellsToRun(plan)) {
      if (this.#options.failFast && this.failed.length > 0) break;
      this.#run.stop.throwIfAborted();
      this.#observer.begin(planned.cell);
      await this.#runOrTake(planned, folder);
    }
    return folder;
  }

  /** An experiment's results, without rows of cells that are not recorded; every time the same object. */
  async folderOf(experiment: Experiment): Promise<ResultsFolder> {
    const known = async () => await openKnown(this.#options, experiment, await readKnown(this.#options, experiment));
    const folder = this.#folders.get(experiment) ?? await known();
    this.#folders.set(experiment, folder);
    return folder;
  }

  async #runOrTake({ cell, sameAs }: PlannedCell, folder: ResultsFolder): Promise<void> {
    const run = runNameOf(cell, this.#options.present.profile);
    const source = this.#done.get(run) ?? sameAs;
    try {
      const earlier = this.#errors.get(run);
      if (earlier) throw earlier;
      const ownMs = source ? await this.#take(cell, source, folder) : await this.#computeAndPut(cell, folder);
      await folder.write();
      this.#done.set(run, cell);
      await this.#run.snapshotsOf(cell).remove();
      await forgetFailure(this.#options, cell);
      this.#observer.end(cell, source ? "taken" : "run", ownMs);
    } catch (error) {
      if (endsTheRun(error)) throw error;
      this.#errors.set(run, error as Error);
      await this.#fail(cell, error as Error);
    } finally {
      this.#run.log = undefined;
    }
  }

  /** Copies what another experiment has recorded of the same run. */
  async #take(cell: Cell, source: Cell, folder: ResultsFolder): Promise<undefined> {
    const from = await this.folderOf(source.experiment);
    const record = recordAt(from.provenance, addressOf(source));
    if (!record) throw new RangeError(`Cannot take ${fullAddressOf(source)}: it is not recorded`);
    folder.put(cellKeyOf(cell), from.resultOf(cellKeyOf(source)));
    const basis = { ...record, ...computedOf(cell, this.#options.present.profile) };
    const takenFrom = record.takenFrom ?? fullAddressOf(source);
    this.#record(cell, { ...basis, hash: hashOf(basis), takenFrom }, folder, from.provenance.data);
  }

  async #computeAndPut(cell: Cell, folder: ResultsFolder): Promise<number> {
    const { otherArguments } = this.#options;
    const command = shellCommand(rerunArguments(cell, otherArguments));
    this.#run.log = await CellLog.open(this.#options, cell, command);
    this.#run.say("begins");
    const computation = await this.compute(cell);
    this.put(cell, computation, folder);
    return computation.ownMs;
  }

  /** Changes results, and writes them. */
  async record(folder: ResultsFolder, change: () => void): Promise<void> {
    change();
    await folder.write();
  }

  /** Puts what a cell gave, and what it was made of, in place of what was there; it is not written yet. */
  put(cell: Cell, { result, uses, description, ownMs }: Computation, folder: ResultsFolder): void {
    const { present, code } = this.#options;
    folder.put(cellKeyOf(cell), result);
    const basis = basisOf(computedOf(cell, present.profile), modulesOf(cell), uses, present);
    const record = {
      ...code,
      ...basis,
      hash: hashOf(basis),
      wallSeconds: Math.round(ownMs / 100) / 10,
      peakMemoryBytes: Math.max(this.#run.peakBytes, Deno.memoryUsage().rss),
      peakGpuBytes: this.#run.gpu.peakBytes,
    };
    this.#record(cell, record, folder, description);
  }

  /** What a cell gives now; it is written nowhere. */
  async compute(cell: Cell): Promise<Computation> {
    const { experiment, method, task, seed } = cell;
    const clock = this.#run.startClock(cell);
    const { value, uses } = await this.#run.tracer.trace(async () => {
      const opened = `experiment ${experiment.name}${task === undefined ? "" : ` for ${task}`}`;
      const run = await this.#run.once(opened, () => experiment.open(this.#run.contextOf(cell), task));
      return { result: await run.cell(method.name, seed), description: run.description };
    });
    return { ...value, uses, ownMs: clock.elapsedMs };
  }

  #record(
    cell: Cell,
    record: Omit<FullRecord, "rows">,
    folder: ResultsFolder,
    data: Readonly<Record<string, unknown>>,
  ): void {
    const address = addressOf(cell);
    const provenance = withRecord(folder.provenance, address, { ...record, rows: rowsDigest(folder, address) });
    const shared = [...this.#run.sharedSeconds].filter(([name, seconds]) =>
      seconds >= Math.max(0.1, provenance.shared[name] ?? 0)
    ).map(([name, seconds]) => [name, Math.round(10 * seconds) / 10]);
    folder.provenance = {
      ...provenance,
      data: { ...provenance.data, ...data },
      shared: { ...provenance.shared, ...Object.fromEntries(shared) },
    };
  }

  async #fail(cell: Cell, error: Error): Promise<void> {
    const { code, otherArguments, present } = this.#options;
    const command = shellCommand(rerunArguments(cell, otherArguments));
    this.#run.log?.line(`failed: ${error.stack ?? error.message}`);
    // It would only come to the same end.
    if (error instanceof NonFiniteError) await this.#run.snapshotsOf(cell).remove();
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
    this.#observer.end(cell, "failed");
  }
}

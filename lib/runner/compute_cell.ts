import type { ExperimentRun, TrainingProgress } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import type { Cell } from "./cell.ts";
import { CellLog, rerunArguments } from "./cell_files.ts";
import { shownOf, writeResponses } from "./cell_responses.ts";
import { type Basis, basisOf, computedOf, modulesOf, type Present } from "./freshness.ts";
import { Busy, OpenRun, type RunOptions } from "./open_run.ts";
import { shellCommand } from "#lib/shell_command.ts";

/** What a cell gave, and what it was made of: JSON. */
export interface Computation {
  readonly result: CellResult;
  readonly basis: Basis;
  /** Data and sizes, by the name of the data. */
  readonly description: ExperimentRun["description"];
  /** What it took by itself. */
  readonly ownMs: number;
  /** Of the process that computed it, so far. */
  readonly peakMemoryBytes: number;
  readonly peakGpuBytes: number;
  /** Seconds that each thing took that cells of this process share. */
  readonly sharedSeconds: Readonly<Record<string, number>>;
}

/** What is followed of cells while they are computed. */
export interface CellWatcher {
  say(cell: Cell, message: string): void;
  progress(cell: Cell, progress: TrainingProgress): void;
  /** Says what a person must know even afterwards. */
  note(message: string): void;
}

/** Where cells are computed: in this process, or in others. */
export interface CellComputer extends AsyncDisposable {
  /** How many at once. */
  readonly width: number;
  /**
   * @param waits whether it waits for shared things that another process is making
   * @throws {Busy} where it does not, and asks for one
   */
  compute(cell: Cell, waits?: boolean): Promise<Computation>;
  /** Ends what is being computed as a stop does, saved and with `Interrupted`. */
  abandon(): void;
}

export interface LocalOptions extends Omit<RunOptions, "say" | "progress" | "note"> {
  readonly watcher: CellWatcher;
  /** The adapter is whichever is opened. */
  readonly present: Present;
  /** What else was asked for (`--set`, `--data`, …), to run a cell again. */
  readonly otherArguments: readonly string[];
}

/** Computes cells in this process, one at a time. */
export class LocalComputer implements CellComputer {
  readonly width: number = 1;
  readonly #run: OpenRun;
  readonly #options: LocalOptions;
  /** The cell that is being computed. */
  readonly #at: { cell?: Cell };

  private constructor(run: OpenRun, options: LocalOptions, at: { cell?: Cell }) {
    [this.#run, this.#options, this.#at] = [run, options, at];
    run.present = options.present;
  }

  /** @throws {NoAdapterError} where there is no adapter to run on */
  static async open(options: LocalOptions): Promise<LocalComputer> {
    const at: { cell?: Cell } = {};
    const { watcher } = options;
    const run = await OpenRun.open({
      ...options,
      say: (message) => at.cell && watcher.say(at.cell, message),
      progress: (progress) => at.cell && watcher.progress(at.cell, progress),
      note: (message) => watcher.note(message),
    });
    return new LocalComputer(run, { ...options, present: { ...options.present, adapter: run.adapter } }, at);
  }

  async compute(cell: Cell, waits = true): Promise<Computation> {
    const run = this.#run;
    this.#at.cell = cell;
    try {
      using _ = await run.lockCell(cell);
      run.waits = waits;
      run.log = await CellLog.open(
        this.#options,
        cell,
        shellCommand(rerunArguments(cell, this.#options.otherArguments)),
      );
      run.say("begins");
      const computation = await this.#traced(cell);
      const { result } = computation;
      await writeResponses(this.#options, cell, result.samples);
      return { ...computation, result: { ...result, samples: shownOf(result.samples) } };
    } catch (error) {
      const { message, stack } = error as Error;
      run.log?.line(error instanceof Busy ? `put off: ${message}` : `ended: ${stack ?? message}`);
      // It would only come to the same end.
      if (error instanceof NonFiniteError) await run.snapshotsOf(cell).remove();
      throw error;
    } finally {
      [run.log, this.#at.cell] = [undefined, undefined];
    }
  }

  async #traced(cell: Cell): Promise<Computation> {
    const { experiment, method, task, seed } = cell;
    const run = this.#run;
    const clock = run.startClock(cell);
    const { value, uses } = await run.tracer.trace(async () => {
      const opened = `experiment ${experiment.name}${task === undefined ? "" : ` for ${task}`}`;
      const made = await run.once(opened, () => experiment.open(run.contextOf(cell), task));
      // A worker whose run has ended may see so only now.
      run.stop.throwIfAborted();
      return { result: await made.cell(method.name, seed), description: made.description };
    });
    const { present } = this.#options;
    return {
      ...value,
      basis: basisOf(computedOf(cell, present.profile), modulesOf(cell), uses, present),
      ownMs: clock.elapsedMs,
      peakMemoryBytes: Math.max(run.peakBytes, Deno.memoryUsage().rss),
      peakGpuBytes: run.gpu.peakBytes,
      sharedSeconds: Object.fromEntries(run.sharedSeconds),
    };
  }

  abandon(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run[Symbol.asyncDispose]();
  }
}

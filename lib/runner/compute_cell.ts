import { adapterName } from "#kernels/runtime/adapter.ts";
import { Gpu } from "#kernels/runtime/gpu.ts";
import type { ExperimentRun, RunContext, WorkProgress } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import type { CodeVersion } from "#lib/results/git_repository.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import type { Basis, SharedRecord } from "#lib/results/provenance.ts";
import type { Guard } from "#lib/results/storage.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import { type Cell, fullAddressOf, makingOf, settingsOf } from "./cell.ts";
import { CellLog, rerunArguments } from "./cell_files.ts";
import { shownOf, writeResponses } from "./cell_responses.ts";
import { basisOf, type Present, presentFor } from "./freshness.ts";
import { Busy, OwnClock, SharedThings } from "./shared_things.ts";
import { cellPath, SnapshotFile, type SnapshotOwner, type SnapshotPolicy } from "./snapshot_file.ts";
import { UseTracer } from "./uses.ts";

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
  /** Of who computed it, where that is not the run that records it. */
  readonly code?: CodeVersion;
  /** The things that it shares with other cells, with the time that each took to make, whoever made it. */
  readonly shared: Readonly<Record<string, SharedRecord>>;
}

/** What is followed of cells while they are computed. */
export interface CellWatcher {
  say(cell: Cell, message: string): void;
  progress(cell: Cell, progress: WorkProgress): void;
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

export interface LocalOptions extends ResultsPlace {
  readonly watcher: CellWatcher;
  /** The adapter is whichever is opened. */
  readonly present: Present;
  readonly dataFolder?: string;
  readonly stop: AbortSignal;
  /** Seconds between two snapshots of a training run. */
  readonly checkpointSeconds: number;
  /** Bytes that one tensor may have, where that is less than the device takes. */
  readonly bindingLimit?: number;
  /** Seconds without a sign of life after which another machine may go on with what this process was computing. */
  readonly leaseSeconds?: number;
  /** Takes the model of each cell, where somebody wants it. */
  readonly handOver?: RunContext["handOver"];
  /** What else was asked for (`--set`, `--data`, …), to run a cell again. */
  readonly otherArguments: readonly string[];
}

/** The cell that is being computed. */
interface Running {
  readonly cell: Cell;
  readonly clock: OwnClock;
  /** Once no other process is at the cell. */
  log?: CellLog;
  guard?: Guard;
}

/** Computes cells in this process, one at a time. */
export class LocalComputer implements CellComputer {
  readonly width: number = 1;
  readonly #gpu: Gpu;
  readonly #options: LocalOptions;
  readonly #policy: SnapshotPolicy;
  readonly #things: SharedThings;
  #running: Running | undefined;
  /** The largest resident memory seen whenever something was said. */
  #peakBytes = 0;

  private constructor(gpu: Gpu, options: LocalOptions) {
    const { watcher, stop, checkpointSeconds, leaseSeconds } = options;
    const present = { ...options.present, adapter: adapterName(gpu.adapterInfo) };
    const tracer = new UseTracer();
    [this.#gpu, this.#options] = [gpu, options];
    const note = (message: string) => watcher.note(message);
    const presentNow = () => this.#running ? presentFor(this.#running.cell, present) : present;
    this.#policy = {
      // What is saved is of the cell that is running, or shared by cells of its task.
      get present() {
        return presentNow();
      },
      ...{ tracer, stop, everyMs: 1000 * checkpointSeconds, leaseSeconds, note },
    };
    this.#things = new SharedThings(options, this.#policy, (message) => this.#say(message));
    gpu.onDispatch = (kernel) => tracer.usedKernel(kernel);
  }

  /** @throws {NoAdapterError} where there is no adapter to run on */
  static async open(options: LocalOptions): Promise<LocalComputer> {
    return new LocalComputer(await Gpu.open({ bindingLimit: options.bindingLimit }), options);
  }

  async compute(cell: Cell, waits = true): Promise<Computation> {
    const command = shellCommand(rerunArguments(cell, this.#options.otherArguments));
    const running: Running = { cell, clock: new OwnClock(this.#things) };
    this.#running = running;
    try {
      // Another process may be at it, such as a worker whose run was killed.
      using guard = await this.#things.lock(fullAddressOf(cell), cellPath(this.#options, cell), true);
      running.guard = guard;
      this.#things.waits = waits;
      running.log = await CellLog.open(this.#options, cell, command);
      this.#say("starts");
      const computation = await this.#traced(running);
      const { result } = computation;
      await writeResponses(this.#options, cell, result.samples);
      return { ...computation, result: { ...result, samples: shownOf(result.samples) } };
    } catch (error) {
      const { message, stack } = error as Error;
      running.log?.line(error instanceof Busy ? `put off: ${message}` : `ended: ${stack ?? message}`);
      // It would only come to the same end.
      if (error instanceof NonFiniteError) await this.#snapshotsOf(cell).remove();
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  async #traced({ cell, clock }: Running): Promise<Computation> {
    const { experiment, method, task, seed } = cell;
    const { present, tracer, stop } = this.#policy;
    const { value, uses } = await tracer.trace(async () => {
      const opened = `experiment ${experiment.name}${task === undefined ? "" : ` for ${task}`}`;
      const made = await this.#things.once(opened, () => experiment.open(this.#contextOf(cell), task));
      // A worker whose run has ended may see so only now.
      stop.throwIfAborted();
      return { result: await made.cell(method.name, seed), description: made.description };
    });
    this.#lookAtMemory();
    return {
      ...value,
      basis: basisOf(makingOf(cell, present.profile), uses, present),
      ownMs: clock.elapsedMs,
      peakMemoryBytes: this.#peakBytes,
      peakGpuBytes: this.#gpu.peakBytes,
      shared: Object.fromEntries([...this.#things.timed].filter(([name]) => uses.shared.has(name))),
    };
  }

  /** What the code of an experiment's cells is given, those of one task. */
  #contextOf(cell: Pick<Cell, "experiment" | "task">): RunContext {
    const { present, tracer, stop } = this.#policy;
    const { dataFolder, handOver } = this.#options;
    const things = this.#things;
    return {
      gpu: this.#gpu,
      profile: settingsOf(cell, present.profile),
      get dataFolder() {
        tracer.add({ data: true });
        return dataFolder;
      },
      stop,
      handOver,
      say: (message) => this.#say(message),
      progress: (progress) => this.#progress(progress),
      once: (name, make) => things.once(name, make),
      kept: (thing, made, make) => things.kept(thing, made, make),
      trained: (thing, made, make) => things.trained(thing, made, make),
      forget: (thing) => things.forget(thing),
      cellSnapshots: () => this.#snapshotsOf(this.#running!.cell, this.#running),
    };
  }

  /** Where the run of a cell is saved. */
  #snapshotsOf(cell: Cell, owner?: SnapshotOwner): SnapshotFile {
    const making = makingOf(cell, this.#policy.present.profile);
    return new SnapshotFile(cellPath(this.#options, cell), making, this.#policy, owner);
  }

  #say(message: string): void {
    this.#lookAtMemory();
    this.#running?.log?.line(message);
    if (this.#running) this.#options.watcher.say(this.#running.cell, message);
  }

  /** The log gets a tenth of the steps, or of the texts. */
  #progress(progress: WorkProgress): void {
    const { what, unit, done, all, loss } = progress;
    if (done > 0 && done % Math.max(1, Math.round(all / 10)) === 0) {
      this.#lookAtMemory();
      const of = loss === undefined ? "" : `, loss ${loss.toPrecision(4)}`;
      this.#running?.log?.line(`${what}: ${unit} ${done} of ${all}${of}`);
    }
    if (this.#running) this.#options.watcher.progress(this.#running.cell, progress);
  }

  #lookAtMemory(): void {
    this.#peakBytes = Math.max(this.#peakBytes, Deno.memoryUsage().rss);
  }

  abandon(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gpu[Symbol.asyncDispose]();
  }
}

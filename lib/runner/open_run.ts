import { adapterName } from "#kernels/runtime/adapter.ts";
import { Gpu } from "#kernels/runtime/gpu.ts";
import type { RunContext, TrainingProgress } from "#lib/bench/experiment.ts";
import { type Cell, fullAddressOf, settingsOf } from "./cell.ts";
import type { CellLog } from "./cell_files.ts";
import { FileLock } from "#lib/results/file_lock.ts";
import { computedOf, modulesOf, type Present } from "./freshness.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import {
  cellPath,
  lockPath,
  type RunClock,
  sharedPath,
  SnapshotFile,
  type SnapshotOwner,
  type SnapshotPolicy,
} from "./snapshot_file.ts";
import { type Uses, UseTracer } from "./uses.ts";

/** What a person sees of a run. */
export interface RunWatcher {
  say(message: string): void;
  progress(progress: TrainingProgress): void;
  /** Says what a person must know even afterwards. */
  note(message: string): void;
}

export interface RunOptions extends RunWatcher, ResultsPlace {
  readonly dataFolder?: string;
  readonly stop: AbortSignal;
  /** Seconds between two snapshots of a training run. */
  readonly checkpointSeconds: number;
  /** Takes the model of each cell, where somebody wants it. */
  readonly handOver?: RunContext["handOver"];
}

/** What a cell asks for is being made by another process. */
export class Busy extends Error {
  override readonly name = "Busy";
}

/** A thing that cells share, and what it was made of. */
interface Shared {
  readonly value: unknown;
  readonly uses: Uses;
}

/** How long a cell has taken by itself: what it shares with others counts for none of them. */
export class CellClock implements RunClock {
  readonly #run: OpenRun;
  readonly #startMs = performance.now();
  readonly #sharedMs: number;
  #beforeMs = 0;

  constructor(run: OpenRun) {
    this.#run = run;
    this.#sharedMs = run.sharedMs;
  }

  get elapsedMs(): number {
    return this.#beforeMs + performance.now() - this.#startMs - (this.#run.sharedMs - this.#sharedMs);
  }

  goOnFrom(elapsedMs: number): void {
    this.#beforeMs = elapsedMs;
  }
}

/** The GPU, and what the cells of one command share: each thing is made once, whoever asks first, with its uses noted for all. */
export class OpenRun implements AsyncDisposable {
  readonly gpu: Gpu;
  readonly tracer = new UseTracer();
  /** The largest resident memory seen whenever something was said. */
  peakBytes = 0;
  /** Seconds that each shared thing took to make, in whichever processes, those that it is made of apart. */
  readonly sharedSeconds = new Map<string, number>();
  /** The log of the cell that is running. */
  log: CellLog | undefined;
  /** Whether it waits for shared things that another process is making; otherwise the cell that asks for one ends with `Busy`. */
  waits = true;
  readonly #options: RunOptions;
  readonly #shared = new Map<string, Promise<Shared>>();
  #sharedMs = 0;
  #present: Present | undefined;
  #running: { readonly cell: Cell; readonly clock: CellClock } | undefined;

  private constructor(gpu: Gpu, options: RunOptions) {
    this.gpu = gpu;
    this.#options = options;
    gpu.onDispatch = (kernel) => this.tracer.usedKernel(kernel);
  }

  /** @throws {NoAdapterError} where there is no adapter to run on */
  static async open(options: RunOptions): Promise<OpenRun> {
    return new OpenRun(await Gpu.open(), options);
  }

  get stop(): AbortSignal {
    return this.#options.stop;
  }

  get adapter(): string {
    return adapterName(this.gpu.adapterInfo);
  }

  /** What the run is made from; told before the first cell. */
  set present(present: Present) {
    this.#present = present;
  }

  /** What shared things have taken so far, and waiting for them, in milliseconds: none of it is the running cell's own. */
  get sharedMs(): number {
    return this.#sharedMs;
  }

  /** Keeps other processes from a cell; waits for one that is at it, such as a worker whose run was killed. */
  async lockCell(cell: Cell): Promise<Disposable> {
    return await this.#lock(fullAddressOf(cell), cellPath(this.#options, cell), true);
  }

  /** Begins a cell. */
  startClock(cell: Cell): CellClock {
    const clock = new CellClock(this);
    this.#running = { cell, clock };
    return clock;
  }

  /** What the code of an experiment's cells is given, those of one task. */
  contextOf(cell: Pick<Cell, "experiment" | "task">): RunContext {
    const settings = settingsOf(cell, this.#present!.profile);
    const modules = modulesOf({ experiment: cell.experiment });
    const alone = <Thing>(name: string, make: (file: SnapshotFile) => Promise<Thing>) =>
      this.once(name, () => this.#alone({ computed: { run: name }, modules, settings }, make));
    const { tracer } = this;
    const { dataFolder, stop, handOver } = this.#options;
    return {
      gpu: this.gpu,
      profile: tracer.observe(settings),
      get dataFolder() {
        tracer.usedData();
        return dataFolder;
      },
      stop,
      handOver,
      say: (message) => this.say(message),
      progress: (progress) => this.#progress(progress),
      once: (name, make) => this.once(name, make),
      kept: (name, make) => alone(name, (file) => this.#kept(file, make)),
      trained: alone,
      cellSnapshots: () => this.snapshotsOf(this.#running!.cell, this.#running!.clock),
    };
  }

  /** Where the run of a cell is saved. */
  snapshotsOf(cell: Cell, clock?: CellClock): SnapshotFile {
    const { profile } = this.#present!;
    const owner = {
      computed: computedOf(cell, profile),
      modules: modulesOf(cell),
      settings: settingsOf(cell, profile),
    };
    return new SnapshotFile(cellPath(this.#options, cell), owner, this.#policy(), clock);
  }

  say(message: string): void {
    this.peakBytes = Math.max(this.peakBytes, Deno.memoryUsage().rss);
    this.log?.line(message);
    this.#options.say(message);
  }

  async once<Thing>(name: string, make: () => Promise<Thing>): Promise<Thing> {
    const made = this.#shared.get(name) ?? this.#make(name, make);
    this.#shared.set(name, made);
    const { value, uses } = await made;
    this.tracer.add(uses);
    return value as Thing;
  }

  /** The log gets a tenth of the steps. */
  #progress(progress: TrainingProgress): void {
    const { what, step, steps, loss } = progress;
    if (step > 0 && step % Math.max(1, Math.round(steps / 10)) === 0) {
      this.peakBytes = Math.max(this.peakBytes, Deno.memoryUsage().rss);
      this.log?.line(`${what}: step ${step} of ${steps}${loss === undefined ? "" : `, loss ${loss.toPrecision(4)}`}`);
    }
    this.#options.progress(progress);
  }

  async #make(name: string, make: () => Promise<unknown>): Promise<Shared> {
    const [start, before] = [performance.now(), this.#sharedMs];
    try {
      const made = await this.tracer.trace(make);
      const ownMs = performance.now() - start - (this.#sharedMs - before);
      if (!this.sharedSeconds.has(name)) this.sharedSeconds.set(name, ownMs / 1000);
      return made;
    } catch (error) {
      if (error instanceof Busy) this.#shared.delete(name);
      throw error;
    } finally {
      this.#sharedMs = before + performance.now() - start;
    }
  }

  /** Makes a thing that is kept on the disk while no other process does, or finds there what that has made. */
  async #alone<Thing>(owner: SnapshotOwner, make: (file: SnapshotFile) => Promise<Thing>): Promise<Thing> {
    const { run } = owner.computed;
    const path = sharedPath(this.#options, run);
    using _ = await this.#lock(run, path, this.waits);
    const clock = new CellClock(this);
    const thing = await make(new SnapshotFile(path, owner, this.#policy(), clock));
    this.sharedSeconds.set(run, clock.elapsedMs / 1000);
    return thing;
  }

  /** Takes the lock of a snapshot's file, so that only this process reads and writes it. */
  async #lock(what: string, path: string, waits: boolean): Promise<FileLock> {
    const at = lockPath(this.#options, path);
    const lock = await FileLock.tryAcquire(at);
    if (lock) return lock;
    if (!waits) throw new Busy(what);
    this.say(`waits for another process, which makes ${what}`);
    const start = performance.now();
    const ours = await FileLock.acquire(at, this.stop);
    this.#sharedMs += performance.now() - start;
    return ours;
  }

  /** What JSON holds, from its file or made and written there. */
  async #kept<Thing>(file: SnapshotFile, make: () => Promise<Thing>): Promise<Thing> {
    const snapshot = await file.load();
    if (snapshot) return snapshot.parts.value.values as Thing;
    const value = await make();
    await file.save({ step: 0, parts: { value: { values: value, arrays: {} } } });
    return value;
  }

  #policy(): SnapshotPolicy {
    const { stop, checkpointSeconds, note } = this.#options;
    return {
      present: this.#present!,
      tracer: this.tracer,
      stop,
      everyMs: 1000 * checkpointSeconds,
      note: (message) => note(message),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gpu[Symbol.asyncDispose]();
  }
}

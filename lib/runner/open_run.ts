import { adapterName } from "#kernels/runtime/adapter.ts";
import { Gpu } from "#kernels/runtime/gpu.ts";
import type { RunContext, TrainingProgress } from "#lib/experiment/experiment.ts";
import { type Cell, settingsOf } from "./cell.ts";
import type { CellLog } from "./cell_files.ts";
import { computedOf, modulesOf, type Present } from "./freshness.ts";
import type { ResultsPlace } from "./known_results.ts";
import {
  cellPath,
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
  /** Seconds that each shared thing took to make, those that it is made of apart. */
  readonly sharedSeconds = new Map<string, number>();
  /** The log of the cell that is running. */
  log: CellLog | undefined;
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

  /** What shared things have taken so far, in milliseconds: none of it is the running cell's own. */
  get sharedMs(): number {
    return this.#sharedMs;
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
    const fileOf = (name: string) => this.#sharedFile({ computed: { run: name }, modules, settings });
    const { tracer } = this;
    const { dataFolder, stop } = this.#options;
    return {
      gpu: this.gpu,
      profile: tracer.observe(settings),
      get dataFolder() {
        tracer.usedData();
        return dataFolder;
      },
      stop,
      say: (message) => this.say(message),
      progress: (progress) => this.#progress(progress),
      once: (name, make) => this.once(name, make),
      kept: (name, make) => this.once(name, () => this.#kept(fileOf(name), make)),
      sharedSnapshots: fileOf,
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
    const made = await this.tracer.trace(make);
    const total = performance.now() - start;
    this.sharedSeconds.set(name, (total - (this.#sharedMs - before)) / 1000);
    this.#sharedMs = before + total;
    return made;
  }

  /** What JSON holds, from its file or made and written there. */
  async #kept<Thing>(file: SnapshotFile, make: () => Promise<Thing>): Promise<Thing> {
    const snapshot = await file.load();
    if (snapshot) return snapshot.parts.value.values as Thing;
    const value = await make();
    await file.save({ step: 0, parts: { value: { values: value, arrays: {} } } });
    return value;
  }

  #sharedFile(owner: SnapshotOwner): SnapshotFile {
    return new SnapshotFile(sharedPath(this.#options, owner.computed.run), owner, this.#policy());
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

import type { Gpu } from "#kernels/runtime/gpu.ts";

/** What a unit of work consists of, for rates. */
export interface WorkSize {
  /** Steps or dispatches that one run consists of; times and sizes are those of one of them. Default 1. */
  readonly units?: number;
  readonly flops?: number;
  /** Read and written: each number once, however often a kernel loads it. */
  readonly bytes?: number;
  /** Tokens that are written. */
  readonly tokens?: number;
}

/** Something to time, ready to run. */
export interface Work extends Disposable {
  readonly size: WorkSize;
  /** What it leaves to the GPU is awaited by whoever times it. */
  run(): Promise<void> | void;
  /** Compiles what `run` needs, where less than a run does that. */
  warmUp?(): Promise<void> | void;
}

/** What the rows of a group have in common while it is measured: opened once, disposed of with it. */
export class Shared implements Disposable {
  readonly #kept = new Map<string, Promise<Disposable>>();
  readonly #opened: Disposable[] = [];

  /** What is kept under a key, opened by the first who asks for it. */
  once<Kept extends Disposable>(key: string, open: () => Promise<Kept>): Promise<Kept> {
    const kept = this.#kept.get(key) ?? this.#keep(open());
    this.#kept.set(key, kept);
    return kept as Promise<Kept>;
  }

  async #keep<Kept extends Disposable>(opening: Promise<Kept>): Promise<Kept> {
    const opened = await opening;
    this.#opened.push(opened);
    return opened;
  }

  [Symbol.dispose](): void {
    for (const kept of this.#opened.splice(0)) kept[Symbol.dispose]();
  }
}

/** Opens the work of one row. */
export type OpenWork = (gpu: Gpu, shared: Shared) => Promise<Work>;

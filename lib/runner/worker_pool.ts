import { Interrupted } from "#lib/errors.ts";
import { type Cell, fullAddressOf } from "./cell.ts";
import type { CellComputer, CellWatcher, Computation } from "./compute_cell.ts";
import { startWorker, type WorkerCommand } from "./worker_command.ts";
import { WorkerEnded, WorkerProcess } from "./worker_process.ts";

export interface WorkerPoolOptions extends WorkerCommand {
  /** How many processes there may be at once. */
  readonly width: number;
  readonly watcher: CellWatcher;
  readonly stop: AbortSignal;
}

/** Computes cells in processes of their own, each begun when it is needed. They end when this one does, however it ends. */
export class WorkerPool implements CellComputer {
  readonly width: number;
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<WorkerProcess>();
  readonly #idle: WorkerProcess[] = [];
  /** Why no more is computed. */
  #stopped: Interrupted | undefined;
  readonly #onStop = () => this.#stop(this.#options.stop.reason);
  /** A second Ctrl-C ends this process without more ado. */
  readonly #onUnload = () => this.#workers.forEach((worker) => worker.kill());

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.width = options.width;
    options.stop.addEventListener("abort", this.#onStop);
    addEventListener("unload", this.#onUnload);
  }

  /** A cell whose process ends without an answer is resumed by another, from where it was saved: once. */
  async compute(cell: Cell, waits = true): Promise<Computation> {
    const { watcher } = this.#options;
    const address = fullAddressOf(cell);
    for (let isFirst = true;; isFirst = false) {
      try {
        return await this.#computeOnce(cell, waits);
      } catch (error) {
        const hasEnded = error instanceof WorkerEnded || error instanceof Interrupted;
        if (hasEnded && this.#stopped) throw this.#stopped;
        if (!hasEnded) throw error;
        if (!isFirst) throw new Error(`its process ended, and so did another one that resumed it (${error.message})`);
        watcher.note(`${address}: its process ended (${error.message}); another one resumes it`);
      }
    }
  }

  abandon(): void {
    this.#stop(new Interrupted("SIGTERM"));
  }

  async #computeOnce(cell: Cell, waits: boolean): Promise<Computation> {
    if (this.#stopped) throw this.#stopped;
    const worker = this.#idleWorker() ?? this.#begin();
    try {
      const computation = await worker.compute(cell, waits);
      this.#idle.push(worker);
      return computation;
    } catch (error) {
      if (error instanceof WorkerEnded) this.#workers.delete(worker);
      // It was stopped by somebody else, and computes no more.
      else if (error instanceof Interrupted) void worker.close();
      else this.#idle.push(worker);
      throw error;
    }
  }

  #idleWorker(): WorkerProcess | undefined {
    for (let worker = this.#idle.pop(); worker; worker = this.#idle.pop()) {
      if (worker.isAlive) return worker;
      this.#workers.delete(worker);
    }
    return undefined;
  }

  #begin(): WorkerProcess {
    const worker = new WorkerProcess(startWorker(this.#options), this.#options.watcher);
    this.#workers.add(worker);
    return worker;
  }

  #stop(reason: Interrupted): void {
    this.#stopped ??= reason;
    for (const worker of this.#workers) worker.stop(reason.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.stop.removeEventListener("abort", this.#onStop);
    await Promise.all([...this.#workers].map((worker) => worker.close()));
    removeEventListener("unload", this.#onUnload);
  }
}

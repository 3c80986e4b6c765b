import { AsyncLocalStorage } from "node:async_hooks";
import type { Kernel } from "#kernels/runtime/kernel.ts";

/** What a computation has made use of, beside what its `Making` declares. */
export interface Uses {
  /** Names of the kernels that ran. */
  readonly kernels: ReadonlySet<string>;
  /** Whether the folder of `--data` was asked for, or that there is none. */
  readonly data: boolean;
  /** Names of the shared things that were asked for. */
  readonly shared: ReadonlySet<string>;
}

class Recording implements Uses {
  readonly kernels = new Set<string>();
  readonly shared = new Set<string>();
  data = false;

  add({ kernels, data, shared = new Set() }: Partial<Uses>): void {
    for (const kernel of kernels ?? []) this.kernels.add(kernel);
    for (const thing of shared) this.shared.add(thing);
    this.data ||= data ?? false;
  }
}

/** Notes what computations make use of while they run, each for itself, so that nobody has to declare it. */
export class UseTracer {
  readonly #current = new AsyncLocalStorage<Recording>();

  /** Runs a computation and notes its uses; what it shares with others is added by whoever makes or finds that. */
  async trace<Value>(compute: () => Promise<Value>): Promise<{ readonly value: Value; readonly uses: Uses }> {
    const uses = new Recording();
    const value = await this.#current.run(uses, compute);
    return { value, uses };
  }

  /** What the running computation has made use of so far. */
  get soFar(): Uses {
    return this.#current.getStore() ?? new Recording();
  }

  /** Takes uses over into the running computation: of something that was made before, or for it. */
  add(uses: Partial<Uses>): void {
    this.#current.getStore()?.add(uses);
  }

  usedKernel({ name }: Pick<Kernel, "name">): void {
    this.#current.getStore()?.kernels.add(name);
  }
}

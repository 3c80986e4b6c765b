import type { Gpu, TypedArray } from "#kernels/runtime/gpu.ts";
import { type DType, elementCount, sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Resumable, SavedPart } from "./resumable.ts";

/** A training run as it stood after a step: all that its later steps depend on. */
export interface Snapshot {
  /** Steps done, counted as the loop that trains counts them. */
  readonly step: number;
  readonly parts: Readonly<Record<string, SavedPart>>;
}

/** An array of a part that is to be saved, still on the GPU. */
export interface UnreadArray {
  readonly dtype: DType;
  readonly length: number;
  /** Those of a part that are asked for in their order are read some at a time. */
  read(): Promise<TypedArray>;
}

/** A snapshot whose arrays are read while it is saved, so that all of them need not be in memory at once. */
export interface UnreadSnapshot {
  readonly step: number;
  readonly parts: Readonly<
    Record<string, { readonly values: unknown; readonly arrays: Readonly<Record<string, UnreadArray>> }>
  >;
}

/** Where the snapshots of one run are kept; the latest is enough. */
export interface SnapshotStore {
  load(): Promise<Snapshot | undefined>;
  /** Whether it is time for another, asked after each step. */
  isDue(): boolean;
  /**
   * Has read and taken over the snapshot when it returns. What it throws ends the run, also after it has saved: so a run is interrupted.
   */
  save(snapshot: UnreadSnapshot): Promise<void>;
}

/** A snapshot that is not of the run that was to go on from it. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

/**
 * Saves a training run after any of its steps, and lets it go on from there later, in another process, to the same bits. Whatever
 * changes from step to step is kept in it under a name of its own, before the loop resumes; a run made anew of the same settings keeps
 * the same.
 */
export class Checkpoint {
  readonly #gpu: Gpu;
  readonly #store: SnapshotStore;
  readonly #parts = new Map<string, Resumable>();
  #resumed = false;

  constructor(gpu: Gpu, store: SnapshotStore) {
    this.#gpu = gpu;
    this.#store = store;
  }

  /** @throws {RangeError} if the name is taken, or the run has begun */
  keep<Values>(name: string, part: Resumable<Values>): void {
    if (this.#parts.has(name)) throw new RangeError(`Cannot keep ${name}: another part of the run has that name`);
    if (this.#resumed) throw new RangeError(`Cannot keep ${name}: the run has begun without it`);
    this.#parts.set(name, part);
  }

  /**
   * Keeps these parts too, and puts every part back to where the snapshot has it.
   *
   * @returns the step that was saved, after which the run goes on; 0 where there is no snapshot
   * @throws {SnapshotError} if the snapshot does not hold these parts, or one of them does not fit
   */
  async resume(parts: Readonly<Record<string, Resumable>> = {}): Promise<number> {
    for (const [name, part] of Object.entries(parts)) this.keep(name, part);
    this.#resumed = true;
    const snapshot = await this.#store.load();
    if (!snapshot) return 0;
    const names = [...this.#parts.keys()];
    const refuse = (why: string) => new SnapshotError(`Cannot resume from step ${snapshot.step}: ${why}`);
    const unknown = Object.keys(snapshot.parts).find((name) => !this.#parts.has(name));
    if (unknown !== undefined) throw refuse(`the run has no part ${unknown}; its parts are ${names.join(", ")}`);
    const missing = names.find((name) => !Object.hasOwn(snapshot.parts, name));
    if (missing !== undefined) throw refuse(`part ${missing} of the run was not saved`);
    for (const [name, part] of this.#parts) {
      try {
        part.restore(snapshot.parts[name]);
      } catch (error) {
        throw error instanceof RangeError ? refuse(`part ${name} does not fit: ${error.message}`) : error;
      }
    }
    return snapshot.step;
  }

  /** Tells that a step is done: saves where it is time, and always after the last. */
  async reached(step: number, isLast: boolean): Promise<void> {
    if (isLast || this.#store.isDue()) await this.#store.save({ step, parts: this.#unread() });
  }

  #unread(): UnreadSnapshot["parts"] {
    const states = [...this.#parts].map(([name, part]) => ({ name, tensors: {}, ...part.state() }));
    const arrays = unreadArrays(this.#gpu, states.flatMap(({ tensors }) => Object.values<Tensor>(tensors)));
    let at = 0;
    return Object.fromEntries(states.map(({ name, values, tensors }) => {
      const named = Object.keys(tensors).map((tensor): [string, UnreadArray] => [tensor, arrays[at++]]);
      return [name, { values, arrays: Object.fromEntries(named) }];
    }));
  }
}

/** What is read at once, unless one array has more. */
const MOST_READ_BYTES = 2 ** 26;

/** Tensors as arrays to be read: of those asked for in their order so many at once as are not too large, and no others are kept. */
function unreadArrays(gpu: Gpu, tensors: readonly Tensor[]): UnreadArray[] {
  let read: { readonly first: number; readonly values: readonly TypedArray[] } = { first: 0, values: [] };
  const groupFrom = (first: number) => {
    let [end, bytes] = [first, 0];
    do bytes += sizeBytes(tensors[end++].shape); while (
      end < tensors.length && bytes + sizeBytes(tensors[end].shape) <= MOST_READ_BYTES
    );
    return tensors.slice(first, end);
  };
  return tensors.map(({ dtype, shape }, i) => ({
    dtype,
    length: elementCount(shape),
    async read() {
      if (i < read.first || i >= read.first + read.values.length) {
        read = { first: i, values: [] };
        read = { first: i, values: await gpu.readAll(groupFrom(i)) };
      }
      return read.values[i - read.first];
    },
  }));
}

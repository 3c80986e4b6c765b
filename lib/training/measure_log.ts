import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";

/** A loss or another measure that is no finite number: the run went wrong, and its results would too. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
}

export interface MeasureRow {
  readonly step: number;
  readonly measure: string;
  readonly value: number;
}

/**
 * Keeps the measures of training steps on the GPU and reads many at once, so that logging a step does not wait for it. Each
 * logged value is the mean over the steps since the last one.
 */
export class MeasureLog {
  readonly rows: MeasureRow[] = [];
  readonly #gpu: Gpu;
  readonly #what: string;
  readonly #every: number;
  #pending: { step: number; measures: Readonly<Record<string, Tensor>> }[] = [];

  /**
   * @param what names the run in errors, as in `instruction_following ammd, seed 10`
   * @param every steps between logged values
   */
  constructor(gpu: Gpu, what: string, every: number) {
    this.#gpu = gpu;
    this.#what = what;
    this.#every = every;
  }

  /** Takes over the measures of a step; a step may add several times. */
  add(step: number, measures: Readonly<Record<string, Tensor>>): void {
    this.#pending.push({ step, measures });
  }

  /** Logs what is pending where `step` (counted from 1) ends an interval. */
  async endStep(step: number): Promise<void> {
    if (step % this.#every === 0) await this.flush();
  }

  /** A measure that is known on the CPU already. */
  set(step: number, measure: string, value: number): void {
    this.#check(step, measure, value);
    this.rows.push({ step, measure, value });
  }

  /** Logs what is pending, as of its last step; call it after the last step. */
  async flush(): Promise<void> {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const tensors = pending.flatMap(({ measures }) => Object.values(measures));
    const values = await this.#gpu.readAll(tensors);
    for (const tensor of tensors) this.#gpu.release(tensor);
    const sums = new Map<string, { total: number; count: number }>();
    let at = 0;
    for (const { step, measures } of pending) {
      for (const measure of Object.keys(measures)) {
        const value = values[at++][0];
        this.#check(step, measure, value);
        const sum = sums.get(measure) ?? { total: 0, count: 0 };
        sums.set(measure, { total: sum.total + value, count: sum.count + 1 });
      }
    }
    const { step } = pending.at(-1)!;
    for (const [measure, { total, count }] of sums) this.rows.push({ step, measure, value: total / count });
  }

  #check(step: number, measure: string, value: number): void {
    if (Number.isFinite(value)) return;
    throw new NonFiniteError(
      `${this.#what}: ${measure} is ${value} at step ${step}; lower the learning rate or look at the data`,
    );
  }
}

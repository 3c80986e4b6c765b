import type { MeasureRow } from "#lib/results/cell_result.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, type Tensor } from "#kernels/runtime/tensor.ts";
import { type PartState, type Resumable, type SavedPart, writeSaved } from "./resumable.ts";

/** A loss or another measure that is no finite number: the run went wrong, and its results would too. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
}

/** What a log holds on the CPU: rows as step, measure and value, waiting measures as step and measure. */
export interface LoggedValues {
  readonly rows: readonly (readonly [number, string, number])[];
  readonly pending: readonly (readonly [number, string])[];
}

/** Numbers that one buffer of waiting measures holds. */
const PAGE_SIZE = 1024;

/**
 * Keeps the measures of training steps on the GPU and reads many at once, so that logging a step does not wait for it. Each
 * logged value is the mean over the steps since the last one.
 */
export class MeasureLog implements Resumable<LoggedValues> {
  readonly rows: MeasureRow[] = [];
  readonly #gpu: Gpu;
  readonly #what: string;
  readonly #every: number;
  /** Waiting measures, in the order of the numbers on the pages. */
  #pending: { step: number; measure: string }[] = [];
  #pages: Tensor[] = [];
  #tokens = 0;

  /**
   * @param what names the run in errors, as in `instruction_following ammd, seed 10`
   * @param every steps between logged values
   */
  constructor(gpu: Gpu, what: string, every: number) {
    this.#gpu = gpu;
    this.#what = what;
    this.#every = every;
  }

  /** Takes over the measures of a step, one number each; a step may add several times. */
  add(step: number, measures: Readonly<Record<string, Tensor>>): void {
    for (const [measure, tensor] of Object.entries(measures)) {
      // Copied to a page, so that the buffers alive do not grow with the steps between logged values.
      const place = this.#pending.length % PAGE_SIZE;
      if (place === 0) this.#pages.push(this.#gpu.allocate([PAGE_SIZE]));
      this.#gpu.copy(tensor, { ...this.#pages.at(-1)!, shape: [1], offset: place * BYTES_PER_ELEMENT });
      this.#gpu.release(tensor);
      this.#pending.push({ step, measure });
    }
  }

  /** Counts the tokens of texts that a step was trained on. */
  countTokens(tokens: number): void {
    this.#tokens += tokens;
  }

  /** The tokens counted since this was last asked. */
  takeTokens(): number {
    const tokens = this.#tokens;
    this.#tokens = 0;
    return tokens;
  }

  /** The last logged value of a measure, if there is one. */
  latest(measure: string): number | undefined {
    return this.rows.findLast((row) => row.measure === measure)?.value;
  }

  /** Logs what is pending where `step` (counted from 1) ends an interval. */
  async endStep(step: number): Promise<void> {
    if (step % this.#every === 0) await this.flush();
  }

  /** A measure that is known on the CPU already. */
  set(step: number, measure: string, value: number): void {
    this.#check(step, measure, value);
    // What is saved as JSON knows no −0.
    this.rows.push({ step, measure, value: value + 0 });
  }

  /** Logs what is pending, as of its last step; call it after the last step. */
  async flush(): Promise<void> {
    const [pending, pages] = [this.#pending, this.#pages];
    if (pending.length === 0) return;
    [this.#pending, this.#pages] = [[], []];
    const values = await this.#gpu.readAll(pages);
    for (const page of pages) this.#gpu.release(page);
    const sums = new Map<string, { total: number; count: number }>();
    pending.forEach(({ step, measure }, i) => {
      const value = values[Math.floor(i / PAGE_SIZE)][i % PAGE_SIZE];
      this.#check(step, measure, value);
      const { total, count } = sums.get(measure) ?? { total: 0, count: 0 };
      sums.set(measure, { total: total + value, count: count + 1 });
    });
    const { step } = pending.at(-1)!;
    for (const [measure, { total, count }] of sums) this.rows.push({ step, measure, value: total / count });
  }

  /** What was logged and what is pending, which stays so: reading it early would change the means. */
  state(): PartState<LoggedValues> {
    return {
      values: {
        rows: this.rows.map(({ step, measure, value }) => [step, measure, value]),
        pending: this.#pending.map(({ step, measure }) => [step, measure]),
      },
      tensors: this.#filledPages(),
    };
  }

  restore({ values: { rows, pending }, arrays }: SavedPart<LoggedValues>): void {
    for (const page of this.#pages) this.#gpu.release(page);
    this.rows.length = 0;
    for (const [step, measure, value] of rows) this.rows.push({ step, measure, value });
    this.#pending = pending.map(([step, measure]) => ({ step, measure }));
    const pages = Math.ceil(pending.length / PAGE_SIZE);
    this.#pages = Array.from({ length: pages }, () => this.#gpu.allocate([PAGE_SIZE]));
    writeSaved(this.#gpu, this.#filledPages(), arrays);
  }

  /** The pages as far as they hold numbers. */
  #filledPages(): Record<string, Tensor> {
    return Object.fromEntries(this.#pages.map((page, i) => {
      const shape = [Math.min(PAGE_SIZE, this.#pending.length - i * PAGE_SIZE)];
      return [`pending ${i}`, { ...page, shape }];
    }));
  }

  #check(step: number, measure: string, value: number): void {
    if (Number.isFinite(value)) return;
    throw new NonFiniteError(
      `${this.#what}: ${measure} is ${value} at step ${step}; lower the learning rate or look at the data`,
    );
  }
}

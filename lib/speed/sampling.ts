import type { Work } from "./work.ts";

/** How long something is measured. All in milliseconds. */
export interface SamplingPlan {
  /** About what a sample takes: as many runs as fit, since the await at its end takes some 11 ms by itself. */
  readonly sampleMs: number;
  /** Samples are taken until they have lasted as long together, and are at least `minSamples`. */
  readonly budgetMs: number;
  readonly minSamples: number;
}

/** What times are taken with. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Milliseconds that the cores have spent on this process, all of its threads. */
  cpuNow(): number;
  /** Submits what is encoded and waits until all of it is done. */
  settle(): Promise<void>;
}

/** How long a unit of work took. */
export interface Sample {
  readonly ms: number;
  /** Of all cores together, a CPU driver's work included: it varies less where other processes are at work. */
  readonly cpuMs: number;
}

const MAX_GROWTH = 10;

/** Takes samples of the time of a unit of some work. */
export class Sampler {
  readonly #work: Work;
  readonly #clock: Clock;
  readonly #samples: Sample[] = [];
  #runs = 1;
  #spentMs = 0;

  private constructor(work: Work, clock: Clock) {
    this.#work = work;
    this.#clock = clock;
  }

  /** Runs the work once without counting it, then finds how many runs fill a sample: the first that does is kept. */
  static async prepare(work: Work, clock: Clock, { sampleMs }: SamplingPlan): Promise<Sampler> {
    const sampler = new Sampler(work, clock);
    await (work.warmUp ?? work.run).call(work);
    await clock.settle();
    for (;;) {
      const elapsedMs = await sampler.sample();
      const growth = elapsedMs > 0 ? sampleMs / elapsedMs : MAX_GROWTH;
      if (growth > 2) {
        sampler.#forget();
        sampler.#runs = Math.ceil(sampler.#runs * Math.min(growth, MAX_GROWTH));
      } else {
        sampler.#runs = Math.max(1, Math.round(sampler.#runs * growth));
        return sampler;
      }
    }
  }

  /** In the order in which they were taken. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  hasEnough({ budgetMs, minSamples }: SamplingPlan): boolean {
    return this.#samples.length >= minSamples && this.#spentMs >= budgetMs;
  }

  /** Takes a sample; returns how many milliseconds that took. */
  async sample(): Promise<number> {
    await this.#clock.settle();
    const [start, cpuStart] = [this.#clock.now(), this.#clock.cpuNow()];
    for (let run = 0; run < this.#runs; run++) await this.#work.run();
    await this.#clock.settle();
    const [elapsedMs, cpuMs] = [this.#clock.now() - start, this.#clock.cpuNow() - cpuStart];
    const units = this.#runs * (this.#work.size.units ?? 1);
    this.#samples.push({ ms: elapsedMs / units, cpuMs: cpuMs / units });
    this.#spentMs += elapsedMs;
    return elapsedMs;
  }

  #forget(): void {
    this.#samples.length = 0;
    this.#spentMs = 0;
  }
}

/** What can be sampled by turns: here, or in another process. */
export type Sampled = Pick<Sampler, "hasEnough" | "sample">;

/**
 * Samples each in turn, so that all meet the same state of the machine, until all have enough.
 *
 * @param isLate where it says so, what there is must do
 * @param onTurn called before each sample, with whose it is
 */
export async function sampleByTurns(
  samplers: readonly Sampled[],
  plan: SamplingPlan,
  { isLate = () => false, onTurn = () => {} }: {
    readonly isLate?: () => boolean;
    readonly onTurn?: (index: number) => void;
  } = {},
): Promise<void> {
  while (samplers.some((sampler) => !sampler.hasEnough(plan))) {
    for (const [index, sampler] of samplers.entries()) {
      if (isLate()) return;
      onTurn(index);
      await sampler.sample();
    }
  }
}

/** The median of each of the two times. */
export function medianOf(samples: readonly Sample[]): Sample {
  return { ms: median(samples.map(({ ms }) => ms)), cpuMs: median(samples.map(({ cpuMs }) => cpuMs)) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

import { formatDuration } from "./progress_line.ts";

/** Milliseconds, and a share of the work, before which the rate says nothing yet. */
const LEAST_MS = 2000;
const LEAST_SHARE = 0.02;

/** How far an evaluation is, and how long it will take. */
export class EvaluationProgress {
  readonly #word: string;
  readonly #total: number;
  readonly #now: () => number;
  readonly #startMs: number;
  #set = "";
  #before = 0;
  #done = 0;

  /**
   * @param total items of all sets, as `workOf` counts them
   * @param now milliseconds of a clock that never goes back
   */
  constructor(word: string, total: number, now: () => number) {
    [this.#word, this.#total, this.#now, this.#startMs] = [word, total, now, now()];
  }

  get elapsedMs(): number {
    return this.#now() - this.#startMs;
  }

  /** @param done items of the set that is being scored */
  update(set: string, done: number): void {
    [this.#set, this.#done] = [set, this.#before + done];
  }

  finishSet(items: number): void {
    this.#before += items;
    this.#done = this.#before;
  }

  /** As in `gpt2 on dolly: 120 of 504 items, 3 min 20 s left`. */
  text(): string {
    const share = this.#done / this.#total;
    const isRated = this.elapsedMs >= LEAST_MS && share >= LEAST_SHARE;
    const left = isRated ? `, ${formatDuration(this.elapsedMs * (1 - share) / share)} left` : "";
    return `${this.#word} on ${this.#set}: ${this.#done} of ${this.#total} items${left}`;
  }
}

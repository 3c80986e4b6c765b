import type { TrainingProgress } from "#lib/bench/experiment.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import { formatDuration } from "./progress_line.ts";

/** Milliseconds over which the rate of tokens is taken. */
const RATE_WINDOW_MS = 2000;
/** A part of a training run that says nothing of the whole yet. */
const LEAST_FRACTION = 0.05;

/** A training run in progress, and where it was when it was first heard of. */
interface Training extends TrainingProgress {
  readonly startMs: number;
  readonly startStep: number;
}

/** How far a cell is: what is being done, or the training in progress with its rate and loss. */
export class CellProgress {
  readonly cell: Cell;
  readonly #now: () => number;
  readonly #startMs: number;
  #training: Training | undefined;
  #said = "";
  #rate: { readonly sinceMs: number; readonly tokens: number; readonly perSecond?: number } = { sinceMs: 0, tokens: 0 };

  /** @param now milliseconds of a clock that never goes back */
  constructor(cell: Cell, now: () => number) {
    [this.cell, this.#now, this.#startMs] = [cell, now, now()];
  }

  get elapsedMs(): number {
    return this.#now() - this.#startMs;
  }

  /** What is being done, which ends the training that was in progress. */
  say(message: string): void {
    [this.#said, this.#training] = [message, undefined];
  }

  progress(training: TrainingProgress): void {
    const now = this.#now();
    const isSame = this.#training?.what === training.what;
    const { startMs, startStep } = isSame ? this.#training! : { startMs: now, startStep: training.step };
    this.#training = { ...training, startMs, startStep };
    this.#countTokens(training.tokens, now, isSame);
  }

  #countTokens(tokens: number, now: number, isSame: boolean): void {
    if (!isSame) this.#rate = { sinceMs: now, tokens: 0 };
    const { sinceMs, perSecond } = this.#rate;
    const sum = this.#rate.tokens + tokens;
    const isOver = now - sinceMs >= RATE_WINDOW_MS;
    this.#rate = isOver
      ? { sinceMs: now, tokens: 0, perSecond: 1000 * sum / (now - sinceMs) }
      : { sinceMs, tokens: sum, perSecond };
  }

  text(): string {
    const training = this.#training;
    const address = fullAddressOf(this.cell);
    if (!training) return `${address}${this.#said === "" ? "" : `: ${this.#said}`}`;
    const { what, step, steps, loss } = training;
    const leftMs = this.#trainingLeftMs(training);
    return `${address}: ${
      [
        `${what}: step ${step}/${steps}`,
        ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
        ...(this.#rate.perSecond === undefined ? [] : [`${formatRate(this.#rate.perSecond)} tokens/s`]),
        ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} of it left`]),
      ].join(", ")
    }`;
  }

  /** What part of the cell is done, by what it was thought to take; 0 where that is not known. */
  fractionOf(plannedMs: number | undefined): number {
    return plannedMs ? Math.min(0.99, this.elapsedMs / plannedMs) : 0;
  }

  /** What is left of the cell, which may take longer than was thought: its training in progress knows better. */
  leftMs(plannedMs: number): number {
    const ofTraining = this.#training ? this.#trainingLeftMs(this.#training) ?? 0 : 0;
    return Math.max(plannedMs - this.elapsedMs, ofTraining, 0);
  }

  #trainingLeftMs({ step, steps, startMs, startStep }: Training): number | undefined {
    const fraction = (step - startStep) / (steps - startStep);
    return fraction >= LEAST_FRACTION ? (this.#now() - startMs) * (1 - fraction) / fraction : undefined;
  }
}

/** `87`, `2,310` */
function formatRate(perSecond: number): string {
  return Math.round(perSecond).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

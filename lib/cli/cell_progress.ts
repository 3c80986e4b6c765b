import type { TrainingProgress } from "#lib/bench/experiment.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import { formatDuration } from "./progress_line.ts";

/** Milliseconds of training before which its rate of tokens says nothing yet. */
const LEAST_RATED_MS = 2000;
/** A part of a training run that says nothing of the whole yet. */
const LEAST_FRACTION = 0.05;

/** A training run in progress, since it was first heard of. */
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
    const { step } = training;
    const start = { what: training.what, tokens: 0, startMs: this.#now(), startStep: step };
    const { startMs, startStep, tokens } = this.#training?.what === training.what ? this.#training : start;
    this.#training = { ...training, startMs, startStep, tokens: tokens + training.tokens };
  }

  text(): string {
    const training = this.#training;
    const address = fullAddressOf(this.cell);
    if (!training) return `${address}${this.#said === "" ? "" : `: ${this.#said}`}`;
    const { what, step, steps, loss, tokens, startMs } = training;
    const ms = this.#now() - startMs;
    const leftMs = this.#trainingLeftMs(training);
    const parts = [
      `${what}: step ${step}/${steps}`,
      ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
      ...(ms < LEAST_RATED_MS ? [] : [`${Math.round(1000 * tokens / ms).toLocaleString("en-US")} tokens/s`]),
      ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} of training left`]),
    ];
    return `${address}: ${parts.join(", ")}`;
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

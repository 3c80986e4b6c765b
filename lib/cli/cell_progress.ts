import type { WorkProgress } from "#lib/bench/experiment.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import { formatDuration } from "./progress_line.ts";

/** Milliseconds of work before which its rate of tokens says nothing yet. */
const LEAST_RATED_MS = 2000;
/** A part of the work that says nothing of the whole yet. */
const LEAST_FRACTION = 0.05;
/** What a time that is left is left of. */
const NAMES: Readonly<Record<WorkProgress["unit"], string>> = { step: "training", text: "these texts" };

/** Work in progress, since it was first heard of, with the tokens of all its reports. */
interface Work extends WorkProgress {
  readonly startMs: number;
  readonly startDone: number;
  readonly tokens: number;
}

/** How far a cell is: what is being done, or the work in progress with its rate and loss. */
export class CellProgress {
  readonly cell: Cell;
  readonly #now: () => number;
  readonly #startMs: number;
  #work: Work | undefined;
  #said = "";

  /** @param now milliseconds of a clock that never goes back */
  constructor(cell: Cell, now: () => number) {
    [this.cell, this.#now, this.#startMs] = [cell, now, now()];
  }

  get elapsedMs(): number {
    return this.#now() - this.#startMs;
  }

  /** What is being done, which ends the work that was in progress. */
  say(message: string): void {
    [this.#said, this.#work] = [message, undefined];
  }

  progress(work: WorkProgress): void {
    const start = { tokens: 0, startMs: this.#now(), startDone: work.done };
    const before = this.#work;
    const goesOn = before?.what === work.what && work.done >= before.done;
    const { startMs, startDone, tokens } = goesOn ? before : start;
    this.#work = { ...work, startMs, startDone, tokens: tokens + (work.tokens ?? 0) };
  }

  text(): string {
    const work = this.#work;
    const address = fullAddressOf(this.cell);
    if (!work) return `${address}${this.#said === "" ? "" : `: ${this.#said}`}`;
    const { what, unit, done, all, loss, tokens, startMs } = work;
    const ms = this.#now() - startMs;
    const leftMs = this.#workLeftMs(work);
    const isRated = tokens > 0 && ms >= LEAST_RATED_MS;
    const parts = [
      `${what}: ${unit} ${done}/${all}`,
      ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
      ...(isRated ? [`${Math.round(1000 * tokens / ms).toLocaleString("en-US")} tokens/s`] : []),
      ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} of ${NAMES[unit]} left`]),
    ];
    return `${address}: ${parts.join(", ")}`;
  }

  /** What part of the cell is done, by what it was thought to take; 0 where that is not known. */
  fractionOf(plannedMs: number | undefined): number {
    return plannedMs ? Math.min(0.99, this.elapsedMs / plannedMs) : 0;
  }

  /** What is left of the cell, which may take longer than was thought: the work in progress knows better. */
  leftMs(plannedMs: number): number {
    const ofWork = this.#work ? this.#workLeftMs(this.#work) ?? 0 : 0;
    return Math.max(plannedMs - this.elapsedMs, ofWork, 0);
  }

  #workLeftMs({ done, all, startMs, startDone }: Work): number | undefined {
    const fraction = (done - startDone) / (all - startDone);
    return fraction >= LEAST_FRACTION ? (this.#now() - startMs) * (1 - fraction) / fraction : undefined;
  }
}

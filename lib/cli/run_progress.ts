import type { TrainingProgress } from "#lib/experiment/experiment.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import type { RecordedTimes } from "#lib/runner/estimate.ts";
import type { RunCell } from "#lib/runner/reproduction.ts";
import type { CellObserver } from "#lib/runner/run_cells.ts";
import { formatDuration, type ProgressLine } from "./progress_line.ts";

/** Milliseconds over which the rate of tokens is taken. */
const RATE_WINDOW_MS = 2000;
/** A part of a training run that says nothing of the whole yet. */
const LEAST_FRACTION = 0.05;

export interface RunProgressOptions {
  /** All that will be run, in their order. */
  readonly cells: readonly RunCell[];
  readonly times: Pick<RecordedTimes, "secondsOf">;
  readonly line: ProgressLine;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** How far a run is: the cells with the time left by what cells took before, and the training in progress with its rate and loss. */
export class RunProgress implements CellObserver {
  readonly #options: RunProgressOptions;
  readonly #now: () => number;
  readonly #cells: readonly Cell[];
  /** Those whose numbers are another cell's: they take no time. */
  readonly #free: ReadonlySet<Cell>;
  /** What will be made in a cell that later ones share: it is none of the cell's own time. */
  readonly #sharedMs: ReadonlyMap<Cell, number>;
  readonly #ended = new Set<Cell>();
  /** Of the cells that were computed: what they took, and what they were thought to take. */
  #spentMs = 0;
  #plannedMs = 0;
  #computed = 0;
  #cell: Cell | undefined;
  #cellStartMs = 0;
  #training: (TrainingProgress & { readonly startMs: number; readonly startStep: number }) | undefined;
  #said = "";
  #rate: { readonly sinceMs: number; readonly tokens: number; readonly perSecond?: number } = { sinceMs: 0, tokens: 0 };

  constructor(options: RunProgressOptions) {
    this.#options = options;
    this.#cells = options.cells.map(({ cell }) => cell);
    this.#free = new Set(options.cells.filter(({ isComputed }) => !isComputed).map(({ cell }) => cell));
    this.#sharedMs = new Map(options.cells.map(({ cell, sharedSeconds = 0 }) => [cell, 1000 * sharedSeconds]));
    this.#now = options.now ?? (() => performance.now());
  }

  begin(cell: Cell): void {
    [this.#cell, this.#cellStartMs, this.#training, this.#said] = [cell, this.#now(), undefined, ""];
    this.#show();
  }

  end(cell: Cell, how: "run" | "taken" | "failed", ownMs = 0): void {
    this.#ended.add(cell);
    if (how === "run") {
      this.#spentMs += ownMs;
      this.#plannedMs += (this.#plannedOf(cell) ?? 0) - this.#sharedMs.get(cell)!;
      this.#computed++;
    }
    [this.#cell, this.#training, this.#said] = [undefined, undefined, ""];
    this.#show(this.#ended.size === this.#cells.length);
  }

  /** Tells what is being done, which ends the training that was in progress. */
  say(message: string): void {
    [this.#said, this.#training] = [message, undefined];
    this.#show();
  }

  progress(training: TrainingProgress): void {
    const now = this.#now();
    const isSame = this.#training?.what === training.what;
    const { startMs, startStep } = isSame ? this.#training! : { startMs: now, startStep: training.step };
    this.#training = { ...training, startMs, startStep };
    this.#countTokens(training.tokens, now, isSame);
    this.#show();
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

  #show(isLast = false): void {
    this.#options.line.update(() => this.#text(), isLast);
  }

  #text(): string {
    const [done, total] = [this.#ended.size, this.#cells.length];
    const leftMs = this.#leftMs();
    const all = [
      `${Math.floor(100 * (total === 0 ? 1 : this.#fraction()))} %`.padStart(5),
      ...(done < total && leftMs !== undefined ? [`${formatDuration(leftMs)} left`] : []),
      `cell ${Math.min(done + 1, total)}/${total}`,
    ];
    return [...all, ...(this.#cell ? [this.#cellText(this.#cell)] : [])].join("  ");
  }

  #cellText(cell: Cell): string {
    const training = this.#training;
    if (!training) return `${fullAddressOf(cell)}${this.#said === "" ? "" : `: ${this.#said}`}`;
    const { what, step, steps, loss } = training;
    const leftMs = this.#trainingLeftMs();
    return `${fullAddressOf(cell)}: ${
      [
        `${what}: step ${step}/${steps}`,
        ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
        ...(this.#rate.perSecond === undefined ? [] : [`${formatRate(this.#rate.perSecond)} tokens/s`]),
        ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} of it left`]),
      ].join(", ")
    }`;
  }

  /** Of the work, by the cells' times where these are known, else by their number. */
  #fraction(): number {
    const known = this.#cells.map((cell) => this.#plannedOf(cell));
    const isKnown = known.every((ms) => ms !== undefined) && known.some((ms) => ms! > 0);
    const weightOf = (i: number) => isKnown ? known[i]! : 1;
    let [done, all] = [0, 0];
    this.#cells.forEach((cell, i) => {
      all += weightOf(i);
      if (this.#ended.has(cell)) done += weightOf(i);
      else if (cell === this.#cell) done += weightOf(i) * this.#cellFraction();
    });
    return done / all;
  }

  /** A cell whose student is being trained is that far; before and after nothing is known of it. */
  #cellFraction(): number {
    const planned = this.#cell && this.#plannedOf(this.#cell);
    return planned ? Math.min(0.99, (this.#now() - this.#cellStartMs) / planned) : 0;
  }

  /** What is left, by what the cells were thought to take and how far off that was for those that are done. */
  #leftMs(): number | undefined {
    const left = this.#cells.filter((cell) => !this.#ended.has(cell));
    const known = left.map((cell) => this.#plannedOf(cell)).filter((ms) => ms !== undefined && ms > 0) as number[];
    const speed = this.#plannedMs > 0 ? this.#spentMs / this.#plannedMs : 1;
    const mean = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) / known.length : undefined;
    const ofUnknown = mean ?? (this.#computed > 0 ? this.#spentMs / this.#computed / speed : undefined);
    if (ofUnknown === undefined) return undefined;
    return left.reduce((sum, cell) => {
      const ms = (this.#plannedOf(cell) ?? ofUnknown) * speed;
      return sum + (cell === this.#cell ? this.#cellLeftMs(ms) : ms);
    }, 0);
  }

  /** Of the cell that is running, which may take longer than was thought: its training in progress knows better. */
  #cellLeftMs(plannedMs: number): number {
    return Math.max(plannedMs - (this.#now() - this.#cellStartMs), this.#training ? this.#trainingLeftMs() ?? 0 : 0, 0);
  }

  #trainingLeftMs(): number | undefined {
    const { step, steps, startMs, startStep } = this.#training!;
    const fraction = (step - startStep) / (steps - startStep);
    return fraction >= LEAST_FRACTION ? (this.#now() - startMs) * (1 - fraction) / fraction : undefined;
  }

  #plannedOf(cell: Cell): number | undefined {
    if (this.#free.has(cell)) return 0;
    const seconds = this.#options.times.secondsOf(cell);
    return seconds === undefined ? undefined : 1000 * seconds + this.#sharedMs.get(cell)!;
  }
}

/** `87`, `2,310` */
function formatRate(perSecond: number): string {
  return Math.round(perSecond).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

import type { TrainingProgress } from "#lib/bench/experiment.ts";
import type { Cell } from "#lib/runner/cell.ts";
import type { CellWatcher } from "#lib/runner/compute_cell.ts";
import type { RecordedTimes } from "#lib/runner/estimate.ts";
import type { RunCell } from "#lib/runner/reproduction.ts";
import type { CellObserver } from "#lib/runner/run_cells.ts";
import { CellProgress } from "./cell_progress.ts";
import { formatDuration, type ProgressLine } from "./progress_line.ts";

export interface RunProgressOptions {
  /** All that will be run, in their order. */
  readonly cells: readonly RunCell[];
  /** How many are run at once: each has a line of its own where there are several. */
  readonly width: number;
  readonly times: Pick<RecordedTimes, "secondsOf">;
  readonly line: ProgressLine;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** How far a run is: the cells with the time left by what cells took before, and each that is running. */
export class RunProgress implements CellObserver, Pick<CellWatcher, "say" | "progress"> {
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
  /** A place for each cell that is running, so that its line stays where it is. */
  readonly #running: (CellProgress | undefined)[];

  constructor(options: RunProgressOptions) {
    this.#options = options;
    this.#cells = options.cells.map(({ cell }) => cell);
    this.#free = new Set(options.cells.filter(({ isComputed }) => !isComputed).map(({ cell }) => cell));
    this.#sharedMs = new Map(options.cells.map(({ cell, sharedSeconds = 0 }) => [cell, 1000 * sharedSeconds]));
    this.#now = options.now ?? (() => performance.now());
    this.#running = Array(options.width).fill(undefined);
  }

  begin(cell: Cell): void {
    const place = this.#running.findIndex((running) => running === undefined || running.cell === cell);
    this.#running[place] = new CellProgress(cell, this.#now);
    this.#show();
  }

  putBack(cell: Cell): void {
    this.#leave(cell);
    this.#show();
  }

  end(cell: Cell, how: "run" | "taken" | "failed", ownMs = 0): void {
    this.#ended.add(cell);
    if (how === "run") {
      this.#spentMs += ownMs;
      this.#plannedMs += (this.#plannedOf(cell) ?? 0) - this.#sharedMs.get(cell)!;
      this.#computed++;
    }
    this.#leave(cell);
    this.#show(this.#ended.size === this.#cells.length);
  }

  say(cell: Cell, message: string): void {
    this.#at(cell)?.say(message);
    this.#show();
  }

  progress(cell: Cell, training: TrainingProgress): void {
    this.#at(cell)?.progress(training);
    this.#show();
  }

  #at(cell: Cell): CellProgress | undefined {
    return this.#running.find((running) => running?.cell === cell);
  }

  #leave(cell: Cell): void {
    const running = this.#at(cell);
    if (running) this.#running[this.#running.indexOf(running)] = undefined;
  }

  #show(isLast = false): void {
    this.#options.line.update(() => this.#lines(), isLast);
  }

  #lines(): string | string[] {
    const [done, total] = [this.#ended.size, this.#cells.length];
    const leftMs = this.#leftMs();
    const isAlone = this.#options.width === 1;
    const all = [
      `${Math.floor(100 * (total === 0 ? 1 : this.#fraction()))} %`.padStart(5),
      ...(done < total && leftMs !== undefined ? [`${formatDuration(leftMs)} left`] : []),
      isAlone ? `cell ${Math.min(done + 1, total)}/${total}` : `${done}/${total} cells`,
    ];
    if (isAlone) return [...all, ...this.#running.flatMap((running) => running?.text() ?? [])].join("  ");
    return [all.join("  "), ...this.#running.flatMap((running) => running ? `  ${running.text()}` : [])];
  }

  /** Of the work, by the cells' times where these are known, else by their number. */
  #fraction(): number {
    const known = this.#cells.map((cell) => this.#plannedOf(cell));
    const isKnown = known.every((ms) => ms !== undefined) && known.some((ms) => ms! > 0);
    const weightOf = (i: number) => isKnown ? known[i]! : 1;
    let [done, all] = [0, 0];
    this.#cells.forEach((cell, i) => {
      all += weightOf(i);
      done += weightOf(i) * (this.#ended.has(cell) ? 1 : this.#at(cell)?.fractionOf(known[i]) ?? 0);
    });
    return done / all;
  }

  /** What is left, by what the cells were thought to take and how far off that was for those that are done. */
  #leftMs(): number | undefined {
    const left = this.#cells.filter((cell) => !this.#ended.has(cell));
    const known = left.map((cell) => this.#plannedOf(cell)).filter((ms) => ms !== undefined && ms > 0) as number[];
    const speed = this.#plannedMs > 0 ? this.#spentMs / this.#plannedMs : 1;
    const mean = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) / known.length : undefined;
    const ofUnknown = mean ?? (this.#computed > 0 ? this.#spentMs / this.#computed / speed : undefined);
    if (ofUnknown === undefined) return undefined;
    const each = left.map((cell) => {
      const ms = (this.#plannedOf(cell) ?? ofUnknown) * speed;
      return this.#at(cell)?.leftMs(ms) ?? ms;
    });
    // Cells side by side: as long as the longest at least.
    return Math.max(each.reduce((sum, ms) => sum + ms, 0) / this.#options.width, ...each);
  }

  #plannedOf(cell: Cell): number | undefined {
    if (this.#free.has(cell)) return 0;
    const seconds = this.#options.times.secondsOf(cell);
    return seconds === undefined ? undefined : 1000 * seconds + this.#sharedMs.get(cell)!;
  }
}

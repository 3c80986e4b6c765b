import type { WorkProgress } from "#lib/bench/experiment.ts";
import type { Cell } from "#lib/runner/cell.ts";
import type { CellWatcher } from "#lib/runner/compute_cell.ts";
import type { RecordedTimes } from "#lib/runner/estimate.ts";
import type { RunCell } from "#lib/runner/reproduction.ts";
import type { CellObserver } from "#lib/runner/run_cells.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { CellProgress } from "./cell_progress.ts";
import { formatDuration, type ProgressLine } from "./progress_line.ts";

interface RunProgressOptions {
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
  readonly #line: ProgressLine;
  readonly #now: () => number;
  /** Milliseconds that each is thought to take, with what it makes for later ones; undefined where none was timed before. */
  readonly #plannedMs: ReadonlyMap<Cell, number | undefined>;
  /** Of that, what will be made in a cell that later ones share: it is none of the cell's own time. */
  readonly #sharedMs: ReadonlyMap<Cell, number>;
  readonly #ended = new Set<Cell>();
  /** Of the cells that were computed: their number, what they took, and what they were thought to take. */
  readonly #computed = { count: 0, ms: 0, plannedMs: 0 };
  /** A place for each cell that is running, so that its line stays where it is. */
  readonly #running: (CellProgress | undefined)[];

  constructor({ cells, width, times, line, now = () => performance.now() }: RunProgressOptions) {
    [this.#line, this.#now] = [line, now];
    this.#sharedMs = new Map(cells.map(({ cell, sharedSeconds = 0 }) => [cell, 1000 * sharedSeconds]));
    this.#plannedMs = new Map(cells.map(({ cell, isComputed }) => {
      // A cell whose numbers are another's takes no time.
      const seconds = isComputed ? times.secondsOf(cell) : 0;
      return [cell, seconds && 1000 * seconds + this.#sharedMs.get(cell)!];
    }));
    this.#running = Array(width).fill(undefined);
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
      this.#computed.count++;
      this.#computed.ms += ownMs;
      this.#computed.plannedMs += (this.#plannedMs.get(cell) ?? 0) - this.#sharedMs.get(cell)!;
    }
    this.#leave(cell);
    this.#show(this.#ended.size === this.#plannedMs.size);
  }

  say(cell: Cell, message: string): void {
    this.#at(cell)?.say(message);
    this.#show();
  }

  progress(cell: Cell, work: WorkProgress): void {
    this.#at(cell)?.progress(work);
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
    this.#line.update(() => this.#lines(), isLast);
  }

  #lines(): string | string[] {
    const [done, total] = [this.#ended.size, this.#plannedMs.size];
    const leftMs = this.#leftMs();
    const isAlone = this.#running.length === 1;
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
    const planned = [...this.#plannedMs];
    const isKnown = planned.every(([, ms]) => ms !== undefined) && planned.some(([, ms]) => ms! > 0);
    let [done, all] = [0, 0];
    for (const [cell, ms] of planned) {
      const weight = isKnown ? ms! : 1;
      all += weight;
      done += weight * (this.#ended.has(cell) ? 1 : this.#at(cell)?.fractionOf(ms) ?? 0);
    }
    return done / all;
  }

  /** What is left, by what the cells were thought to take and how far off that was for those that are done. */
  #leftMs(): number | undefined {
    const left = [...this.#plannedMs].filter(([cell]) => !this.#ended.has(cell));
    const known = left.flatMap(([, ms]) => ms ? [ms] : []);
    const { count, ms: spentMs, plannedMs } = this.#computed;
    const speed = plannedMs > 0 ? spentMs / plannedMs : 1;
    const ofUnknown = known.length > 0 ? mean(known) : count > 0 ? spentMs / count / speed : undefined;
    if (ofUnknown === undefined) return undefined;
    const each = left.map(([cell, planned = ofUnknown]) => {
      const ms = planned * speed;
      return this.#at(cell)?.leftMs(ms) ?? ms;
    });
    // Cells side by side: as long as the longest at least.
    return Math.max(each.reduce((sum, ms) => sum + ms, 0) / this.#running.length, ...each);
  }
}

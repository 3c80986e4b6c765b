import type { Terminal } from "./terminal.ts";

const REWRITE_EVERY_MS = 100;
const LINE_EVERY_MS = 5000;

export interface ProgressOptions {
  readonly terminal: Terminal;
  /** What is counted, in the singular, as in "cell". */
  readonly unit: string;
  /** Says nothing at all. */
  readonly quiet?: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/**
 * How far a long command is: on a terminal one line that is rewritten, elsewhere a plain line every few seconds, with percent, rate
 * and the time left at the rate so far.
 */
export class Progress {
  readonly #terminal: Terminal;
  readonly #unit: string;
  readonly #quiet: boolean;
  readonly #now: () => number;
  /** Time and count of the first update, from which rates are taken. */
  #start: { readonly ms: number; readonly done: number } | undefined;
  #lastMs = -Infinity;
  /** The line that is shown now and may be rewritten. */
  #line = "";

  constructor({ terminal, unit, quiet = false, now = () => performance.now() }: ProgressOptions) {
    this.#terminal = terminal;
    this.#unit = unit;
    this.#quiet = quiet;
    this.#now = now;
  }

  /** `done` of `total` units are finished; `what` is being done now. The first call starts the clock. */
  update(done: number, total: number, what: string): void {
    const ms = this.#now();
    this.#start ??= { ms, done };
    const every = this.#terminal.isInteractive ? REWRITE_EVERY_MS : LINE_EVERY_MS;
    if (this.#quiet || (ms - this.#lastMs < every && done < total)) return;
    this.#lastMs = ms;
    this.#show([percent(done, total), what, ...this.#estimate(done, total, ms)].join("  "));
  }

  /** Writes a line that stays. */
  note(message: string): void {
    if (this.#quiet) return;
    const line = this.#line;
    this.#clear();
    this.#terminal.report(`${message}\n`);
    if (line !== "") this.#show(line);
  }

  /** Takes the rewritten line away, for what is written next. */
  end(): void {
    this.#clear();
  }

  #estimate(done: number, total: number, ms: number): string[] {
    const { ms: startMs, done: startDone } = this.#start!;
    const perMs = (done - startDone) / (ms - startMs);
    if (!(perMs > 0) || !Number.isFinite(perMs)) return [];
    const rate = formatRate(perMs * 1000, this.#unit);
    return done < total ? [rate, `${formatDuration((total - done) / perMs)} left`] : [rate];
  }

  #show(text: string): void {
    if (!this.#terminal.isInteractive) {
      this.#terminal.report(`${text}\n`);
      return;
    }
    this.#clear();
    const width = Math.max(1, this.#terminal.columns - 1);
    this.#line = text.length > width ? `${text.slice(0, width - 1)}…` : text;
    this.#terminal.report(this.#line);
  }

  #clear(): void {
    // Back to the first column, then erase to the end of the line.
    if (this.#line !== "") this.#terminal.report("\r\x1b[K");
    this.#line = "";
  }
}

function percent(done: number, total: number): string {
  return `${total > 0 ? Math.floor((done / total) * 100) : 100} %`.padStart(5);
}

/** `3.2 steps/s`, or by the minute or hour where that says more. */
function formatRate(perSecond: number, unit: string): string {
  const [rate, time] = perSecond >= 1 ? [perSecond, "s"] : perSecond * 60 >= 1 ? [perSecond * 60, "min"] : [
    perSecond * 3600,
    "h",
  ];
  return `${rate >= 100 ? Math.round(rate) : rate.toFixed(1)} ${unit}s/${time}`;
}

/** `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

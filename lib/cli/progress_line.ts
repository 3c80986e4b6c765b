import { visibleText } from "#lib/visible_text.ts";
import type { Terminal } from "./terminal.ts";

const REWRITE_EVERY_MS = 100;
const LINE_EVERY_MS = 5000;

export interface ProgressLineOptions {
  readonly terminal: Terminal;
  /** Shows no progress; notes are shown all the same. */
  readonly quiet?: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** What a long command is at: on a terminal a line, or some, that are rewritten; elsewhere a plain line every few seconds on average. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #quiet: boolean;
  readonly #now: () => number;
  #nextMs = -Infinity;
  /** The lines that are shown now and may be rewritten. */
  #lines: readonly string[] = [];

  constructor({ terminal, quiet = false, now = () => performance.now() }: ProgressLineOptions) {
    this.#terminal = terminal;
    this.#quiet = quiet;
    this.#now = now;
  }

  /** Shows a line, or some, unless another was shown just now. @param isLast it is shown in any case */
  update(text: () => string | readonly string[], isLast = false): void {
    const ms = this.#now();
    if (this.#quiet || (ms < this.#nextMs && !isLast)) return;
    const lines = [text()].flat();
    this.#nextMs = ms + (this.#terminal.isInteractive ? REWRITE_EVERY_MS : LINE_EVERY_MS * lines.length);
    this.#show(lines);
  }

  /** Writes a line that stays. */
  note(message: string): void {
    const lines = this.#lines;
    this.end();
    this.#terminal.report(`${message}\n`);
    if (lines.length > 0) this.#show(lines);
  }

  /** Takes the rewritten lines away, for what is written next. */
  end(): void {
    if (this.#lines.length > 0) this.#terminal.rewrite([]);
    this.#lines = [];
  }

  #show(lines: readonly string[]): void {
    const { isInteractive, columns, rows } = this.#terminal;
    if (!isInteractive) {
      for (const line of lines) this.#terminal.report(`${line}\n`);
      return;
    }
    // What is above the screen cannot be rewritten.
    const isTooHigh = lines.length >= rows;
    const fitting = isTooHigh ? [...lines.slice(0, rows - 2), `… and ${lines.length - rows + 2} more`] : lines;
    this.#lines = fitting.map((line) => cut(line, Math.max(1, columns - 1)));
    this.#terminal.rewrite(this.#lines);
  }
}

/** A line as it will be seen, no longer than so many letters: escapes take more room than what they stand for. */
function cut(line: string, width: number): string {
  const letters = [...visibleText(line)];
  return letters.length > width ? `${letters.slice(0, width - 1).join("")}…` : letters.join("");
}

/** `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

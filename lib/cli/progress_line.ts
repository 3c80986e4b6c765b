import { visibleText } from "#lib/reporting/visible_text.ts";
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

/** What a long command is at: on a terminal one line that is rewritten, elsewhere a plain line every few seconds. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #quiet: boolean;
  readonly #now: () => number;
  #lastMs = -Infinity;
  /** The line that is shown now and may be rewritten. */
  #line = "";

  constructor({ terminal, quiet = false, now = () => performance.now() }: ProgressLineOptions) {
    this.#terminal = terminal;
    this.#quiet = quiet;
    this.#now = now;
  }

  /** Shows a text, unless another was shown just now. @param isLast it is shown in any case */
  update(text: () => string, isLast = false): void {
    const ms = this.#now();
    const every = this.#terminal.isInteractive ? REWRITE_EVERY_MS : LINE_EVERY_MS;
    if (this.#quiet || (ms - this.#lastMs < every && !isLast)) return;
    this.#lastMs = ms;
    this.#show(text());
  }

  /** Writes a line that stays. */
  note(message: string): void {
    const line = this.#line;
    this.end();
    this.#terminal.report(`${message}\n`);
    if (line !== "") this.#show(line);
  }

  /** Takes the rewritten line away, for what is written next. */
  end(): void {
    if (this.#line !== "") this.#terminal.rewrite("");
    this.#line = "";
  }

  #show(text: string): void {
    if (!this.#terminal.isInteractive) {
      this.#terminal.report(`${text}\n`);
      return;
    }
    // Cut as it will be seen: escapes take more room than what they stand for.
    const letters = [...visibleText(text)];
    const width = Math.max(1, this.#terminal.columns - 1);
    this.#line = letters.length > width ? `${letters.slice(0, width - 1).join("")}…` : letters.join("");
    this.#terminal.rewrite(this.#line);
  }
}

/** `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

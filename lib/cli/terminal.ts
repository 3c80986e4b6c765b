import { visibleText } from "#lib/reporting/visible_text.ts";

/**
 * Where a command writes: results to standard output, everything about the run itself to standard error. What is written is text:
 * of control characters only line feeds and tabs act, whatever a model, a file or a server put into it.
 */
export interface Terminal {
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes text about the run: errors, notes, progress. */
  report(text: string): void;
  /** Writes a line, without a line feed, in place of what it wrote last; an empty one takes that away. For `isInteractive` only. */
  rewrite(line: string): void;
  /** Whether `report` reaches a person's terminal, so that a line there can be rewritten. */
  readonly isInteractive: boolean;
  /** Width of that terminal in letters. */
  readonly columns: number;
}

/** Back to the first column, then erase to the end of the line. */
const ERASE_LINE = "\r\x1b[K";

/** Where `processTerminal` writes its bytes. */
export interface Streams {
  readonly stdout: { writeSync(bytes: Uint8Array): number };
  readonly stderr: { writeSync(bytes: Uint8Array): number; isTerminal(): boolean };
}

/** The terminal, or the files and pipes, that the process was started with. */
export function processTerminal({ stdout, stderr }: Streams = Deno): Terminal {
  const isInteractive = stderr.isTerminal();
  return {
    print: (line) => writeAll(stdout, `${visibleText(line, { keepLines: true })}\n`),
    report: (text) => writeAll(stderr, visibleText(text, { keepLines: true })),
    rewrite: (line) => writeAll(stderr, `${ERASE_LINE}${visibleText(line)}`),
    isInteractive,
    get columns() {
      return isInteractive ? Deno.consoleSize().columns : 80;
    },
  };
}

/** A pipe may take less than it is given; where nobody reads it any more (`… | head`), the command goes on without being read. */
function writeAll(stream: Streams["stdout"], text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

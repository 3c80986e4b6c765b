import { visibleText } from "#lib/visible_text.ts";

/**
 * Where a command writes: results to standard output, everything about the run itself to standard error. What is written is text:
 * of control characters only line feeds and tabs act, whatever a model, a file or a server put into it.
 */
export interface Terminal {
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a part of the result as it is made; a part ends where `visibleLength` says that it may. */
  write(text: string): void;
  /** Writes text about the run: errors, notes, progress. */
  report(text: string): void;
  /** Writes lines in place of those that it wrote last and nothing was reported after; none takes those away. For `isInteractive` only. */
  rewrite(lines: readonly string[]): void;
  /** Whether `report` reaches a person's terminal, so that a line there can be rewritten. */
  readonly isInteractive: boolean;
  /** Width of that terminal in letters, and its height in lines. */
  readonly columns: number;
  readonly rows: number;
}

/** Back to the first column of the first of so many lines, then erase to the end of the screen. */
const eraseLines = (count: number) => `\r${count > 1 ? `\x1b[${count - 1}A` : ""}\x1b[J`;

/** Where `processTerminal` writes its bytes. */
export interface Streams {
  readonly stdout: { writeSync(bytes: Uint8Array): number };
  readonly stderr: { writeSync(bytes: Uint8Array): number; isTerminal(): boolean };
}

/** The terminal, or the files and pipes, that the process was started with. */
export function processTerminal({ stdout, stderr }: Streams = Deno): Terminal {
  const isInteractive = stderr.isTerminal();
  const sizeOf = () => isInteractive ? Deno.consoleSize() : { columns: 80, rows: 24 };
  let rewritten = 0;
  return {
    print: (line) => writeAll(stdout, `${visibleText(line, { keepLines: true })}\n`),
    write: (text) => writeAll(stdout, visibleText(text, { keepLines: true })),
    report(text) {
      rewritten = 0;
      writeAll(stderr, visibleText(text, { keepLines: true }));
    },
    rewrite(lines) {
      writeAll(stderr, eraseLines(rewritten) + lines.map((line) => visibleText(line)).join("\n"));
      rewritten = lines.length;
    },
    isInteractive,
    get columns() {
      return sizeOf().columns;
    },
    get rows() {
      return sizeOf().rows;
    },
  };
}

/** A pipe may take less than it is given; where nobody reads it any more (`… | head`), the command continues without being read. */
function writeAll(stream: Streams["stdout"], text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

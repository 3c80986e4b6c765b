/** Where a command writes: results to standard output, everything about the run itself to standard error. */
export interface Terminal {
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes text about the run: errors, notes, progress. */
  report(text: string): void;
  /** Whether `report` reaches a person's terminal, so that a line there can be rewritten. */
  readonly isInteractive: boolean;
  /** Width of that terminal in letters. */
  readonly columns: number;
}

/** The terminal, or the files and pipes, that the process was started with. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  const isInteractive = Deno.stderr.isTerminal();
  return {
    print: (line) => console.log(line),
    report: (text) => {
      Deno.stderr.writeSync(encoder.encode(text));
    },
    isInteractive,
    get columns() {
      return isInteractive ? Deno.consoleSize().columns : 80;
    },
  };
}

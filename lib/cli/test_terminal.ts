import type { Terminal } from "./terminal.ts";

/** A terminal that nobody looks at, and what was written to it. */
export interface KeptTerminal {
  readonly terminal: Terminal;
  readonly printed: () => string;
  readonly reported: () => string;
}

/** A terminal for tests. */
export function keptTerminal(): KeptTerminal {
  const [printed, reported]: string[][] = [[], []];
  return {
    terminal: {
      isInteractive: false,
      columns: 80,
      rows: 24,
      print: (line) => void printed.push(line),
      report: (text) => void reported.push(text),
      rewrite: () => {},
    },
    printed: () => printed.join("\n"),
    reported: () => reported.join(""),
  };
}

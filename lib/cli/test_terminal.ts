import type { Terminal } from "./terminal.ts";

/** A terminal that nobody looks at, and what was written to it. */
export interface KeptTerminal {
  readonly terminal: Terminal;
  readonly printed: () => string;
  readonly reported: () => string;
}

/** A terminal for tests. */
export function keptTerminal(): KeptTerminal {
  let printed = "";
  const reported: string[] = [];
  return {
    terminal: {
      isInteractive: false,
      columns: 80,
      rows: 24,
      print: (line) => void (printed += `${line}\n`),
      write: (text) => void (printed += text),
      report: (text) => void reported.push(text),
      rewrite: () => {},
    },
    printed: () => printed.replace(/\n$/, ""),
    reported: () => reported.join(""),
  };
}

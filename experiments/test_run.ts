import { main } from "#lib/cli/main.ts";
import type { Terminal } from "#lib/cli/terminal.ts";
import { EXPERIMENTS } from "./main.ts";

/** What a run of the program ended with. */
export interface ProgramRun {
  readonly status: number;
  readonly printed: string;
  readonly reported: string;
}

/** Runs the program as a user would, in this process. */
export async function runProgram(...args: string[]): Promise<ProgramRun> {
  const [printed, reported]: string[][] = [[], []];
  const terminal: Terminal = {
    print: (line) => void printed.push(line),
    report: (text) => void reported.push(text),
    rewrite: () => {},
    isInteractive: false,
    columns: 80,
  };
  const status = await main(args, { experiments: EXPERIMENTS, terminal });
  return { status, printed: printed.join("\n"), reported: reported.join("") };
}

/** A test that gets a folder of its own. */
export function testInFolder(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeResources: false,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

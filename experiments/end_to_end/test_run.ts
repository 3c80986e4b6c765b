import { main } from "#lib/cli/main.ts";
import { keptTerminal } from "#lib/cli/test_terminal.ts";
import { testInFolder as testInFolderOfItsOwn } from "#lib/test_folder.ts";
import { DISTIL_METHODS, EXPERIMENTS } from "#experiments/main.ts";

/** What a run of the program ended with. */
export interface ProgramRun {
  readonly status: number;
  readonly printed: string;
  readonly reported: string;
}

/** Runs the program as a user would, in this process. */
export async function runProgram(...args: string[]): Promise<ProgramRun> {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(args, { experiments: EXPERIMENTS, methods: DISTIL_METHODS, terminal });
  return { status, printed: printed(), reported: reported() };
}

/** A test that gets a folder of its own and may train; its reason is in its name where it cannot run here. */
export function testInFolder(name: string, fn: (folder: string) => Promise<void>, cannotRun?: string): void {
  testInFolderOfItsOwn(name, fn, { cannotRun, opensDevice: true });
}

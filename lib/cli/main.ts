import { NoAdapterError } from "#kernels/runtime/adapter.ts";
import { InputError } from "#lib/errors.ts";
import { unknownName } from "#lib/experiment/suggestion.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import type { Command, CommandContext } from "./command.ts";
import { formatHelp, parseCommandLine } from "./command_line.ts";
import { bench } from "./bench.ts";
import { doctor } from "./doctor.ts";
import { list } from "./list.ts";
import { reproduce } from "./reproduce.ts";
import { table } from "./table.ts";
import { verify } from "./verify.ts";

/** Every command of the program. */
export const COMMANDS: readonly Command[] = [reproduce, table, verify, bench, doctor, list];

const EXIT = { done: 0, failed: 1, wrongUsage: 2, noAdapter: 3, interrupted: 130 } as const;

export interface MainOptions extends CommandContext {
  readonly commands?: readonly Command[];
  /** Where relative paths of the arguments start, if that is not the working directory. */
  readonly callerFolder?: string;
}

/**
 * Runs the command that the arguments name and returns the exit status: 0 done, 1 something failed, 2 wrong usage or
 * configuration, 3 no usable adapter. Ctrl-C ends the process with 130.
 */
export async function main(args: readonly string[], options: MainOptions): Promise<number> {
  const { terminal, commands = COMMANDS } = options;
  try {
    if (args.length === 0 || /^(-h|--help|help)$/.test(args[0])) {
      terminal.print(formatUsage(commands));
      return EXIT.done;
    }
    const command = commands.find(({ name }) => name === args[0]);
    if (command === undefined) {
      throw new InputError(unknownName("command", args[0], commands.map(({ name }) => name)));
    }
    return await runCommand(command, args.slice(1), options);
  } catch (error) {
    terminal.report(`${describeError(error, args.includes("--debug"))}\n`);
    return exitStatusOf(error);
  }
}

async function runCommand(command: Command, args: readonly string[], options: MainOptions): Promise<number> {
  const { terminal } = options;
  const { help, ...invocation } = parseCommandLine(command, args, options.callerFolder);
  if (help) {
    terminal.print(formatHelp(command));
    return EXIT.done;
  }
  const interrupt = () => {
    terminal.report(`${terminal.isInteractive ? "\n" : ""}interrupted${notice(command)}\n`);
    Deno.exit(EXIT.interrupted);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    return await command.run(invocation, options);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

function notice({ interrupted }: Command): string {
  return interrupted === undefined ? "" : `: ${interrupted}`;
}

function formatUsage(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ["Usage: ./run COMMAND [ARGS…]", "", ...lines, "", "./run COMMAND --help tells the arguments."].join("\n");
}

function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `error: ${error}`;
  if (debug) return error.stack ?? error.message;
  const expected = error instanceof InputError || error instanceof NoAdapterError || error instanceof NonFiniteError;
  return `error: ${error.message}${expected ? "" : " (--debug shows where)"}`;
}

function exitStatusOf(error: unknown): number {
  if (error instanceof InputError) return EXIT.wrongUsage;
  return error instanceof NoAdapterError ? EXIT.noAdapter : EXIT.failed;
}

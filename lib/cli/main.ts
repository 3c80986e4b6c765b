import { NoAdapterError } from "#kernels/runtime/adapter.ts";
import { DeviceLimitError, GpuMemoryError } from "#kernels/runtime/device_errors.ts";
import { DamagedFileError, firstThrown, InputError, Interrupted, StorageError } from "#lib/errors.ts";
import { unknownName } from "#lib/bench/suggestion.ts";
import { explainRefusal } from "#lib/results/refusal.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import type { Command, CommandContext } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { HELP } from "./help.ts";
import { formatHelp, parseCommandLine } from "./command_line.ts";
import { cancel } from "./cancel.ts";
import { cell } from "./cell.ts";
import { bench } from "./bench.ts";
import { diff } from "./diff.ts";
import { exportModel } from "./export.ts";
import { distil } from "./distil.ts";
import { fetchModels } from "./fetch.ts";
import { evaluate } from "./evaluate.ts";
import { generateTexts } from "./generate.ts";
import { report } from "./report.ts";
import { doctor } from "./doctor.ts";
import { judge } from "./judge.ts";
import { list } from "./list.ts";
import { reproduce } from "./reproduce.ts";
import { show } from "./show.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";
import { verify } from "./verify.ts";

/** Every command of the program. */
export const COMMANDS: readonly Command[] = [
  ...[reproduce, status, cancel, judge, show, table, diff, report, fetchModels, generateTexts, evaluate, distil],
  ...[exportModel, verify, bench, doctor, list, cell],
];

const EXIT = { done: 0, failed: 1, wrongUsage: 2, noAdapter: 3, SIGINT: 130, SIGTERM: 143 } as const;
/** Windows has no SIGTERM to listen to. */
const SIGNALS = Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const;

interface MainOptions extends Omit<CommandContext, "stop"> {
  readonly commands?: readonly Command[];
}

/**
 * Runs the command that the arguments name and returns the exit status: 0 done, 1 something failed, 2 wrong usage or
 * configuration, 3 no usable adapter; 130 or 143 after Ctrl-C or SIGTERM.
 */
export async function main(args: readonly string[], options: MainOptions): Promise<number> {
  const { terminal, commands = COMMANDS } = options;
  const command = commands.find(({ name }) => name === args[0]);
  try {
    if (args.length === 0 || /^(-h|--help|help)$/.test(args[0])) {
      terminal.print(HELP);
      return EXIT.done;
    }
    if (command === undefined) {
      throw new InputError(unknownName("command", args[0], commands.map(({ name }) => name)));
    }
    return await runCommand(command, args.slice(1), options);
  } catch (caught) {
    const error = explainRefusal(firstThrown(caught), args);
    terminal.report(`${describeError(error, args.includes("--debug"), command)}\n`);
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
  const stop = new AbortController();
  const listeners = SIGNALS.map((signal) => [signal, () => onSignal(signal, command, stop, terminal)] as const);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  try {
    return await command.run(invocation, { ...options, stop: stop.signal });
  } finally {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** Asks a command to stop that does so by itself; ends the process where it does not, or has been asked before. */
function onSignal(signal: Interrupted["signal"], command: Command, stop: AbortController, terminal: Terminal): void {
  const newLine = terminal.isInteractive ? "\n" : "";
  if (!command.stopsByItself || stop.signal.aborted) {
    terminal.report(`${newLine}interrupted\n`);
    Deno.exit(EXIT[signal]);
  }
  terminal.report(`${newLine}${(command.stopTexts ?? RESUMED).asked}; once more stops at once\n`);
  stop.abort(new Interrupted(signal));
}

/** Errors whose message says all that there is to know. */
const EXPECTED = [
  ...[InputError, DeviceLimitError, GpuMemoryError, NoAdapterError, NonFiniteError, StorageError, DamagedFileError],
];

/** Of commands that go on from where they were stopped. */
const RESUMED: Command["stopTexts"] & object = {
  asked: "stopping: the step is finished and saved",
  stopped: "what is done is saved; the same command resumes from there",
};

function describeError(error: unknown, debug: boolean, command: Command | undefined): string {
  if (error instanceof Interrupted) return `interrupted: ${(command?.stopTexts ?? RESUMED).stopped}`;
  if (!(error instanceof Error)) return `error: ${error}`;
  if (debug) return error.stack ?? error.message;
  if (error instanceof GpuMemoryError && command?.lessMemory) return `error: ${error.message}; ${command.lessMemory}`;
  const expected = EXPECTED.some((kind) => error instanceof kind);
  return `error: ${error.message}${expected ? "" : " (--debug shows where)"}`;
}

function exitStatusOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT[error.signal];
  if (error instanceof InputError) return EXIT.wrongUsage;
  return error instanceof NoAdapterError ? EXIT.noAdapter : EXIT.failed;
}

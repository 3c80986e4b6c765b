import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import type { Terminal } from "./terminal.ts";

/** What a flag takes. `value` names it in the help. */
export type Flag =
  & { readonly help: string }
  & (
    | { readonly kind: "switch" }
    /** Any text. */
    | { readonly kind: "text"; readonly value: string }
    /** Arguments of another program, as a shell takes them: they may begin with a dash. */
    | { readonly kind: "arguments"; readonly value: string }
    /** A file or folder, relative to where the user called from. */
    | { readonly kind: "path"; readonly value: string }
    /** One of the known words. */
    | { readonly kind: "choice"; readonly value: string; readonly known: readonly string[] }
    /** Names separated by commas, each once; may be given in parts. */
    | { readonly kind: "names"; readonly value: string }
    /** Whole numbers from 0 to 2^32 - 1, separated by commas; may be given in parts. */
    | { readonly kind: "seeds"; readonly value: string }
    /** A whole number. */
    | { readonly kind: "count"; readonly value: string }
    /** Any number. */
    | { readonly kind: "number"; readonly value: string }
    /** May be given several times. */
    | { readonly kind: "repeated"; readonly value: string }
  );

export type Flags = Readonly<Record<string, Flag>>;

type FlagValue<Kind extends Flag["kind"]> = Kind extends "switch" ? boolean
  : Kind extends "repeated" ? readonly string[]
  : Kind extends "names" ? readonly string[] | undefined
  : Kind extends "seeds" ? readonly number[] | undefined
  : Kind extends "count" | "number" ? number | undefined
  : string | undefined;

/** The values of declared flags; undefined for one that was not given, false or empty for a switch or a repeated one. */
export type FlagValues<F extends Flags> = { readonly [Name in keyof F]: FlagValue<F[Name]["kind"]> };

/** The arguments that are no flags. */
export interface Positional {
  /** As in "DIR". */
  readonly name: string;
  /** Whether they are paths, relative to where the user called from. */
  readonly kind: "text" | "path";
  /** The least number of them; there may be more, up to `max` if that is given. */
  readonly min: number;
  readonly max?: number;
}

export interface Invocation<F extends Flags> {
  readonly positional: readonly string[];
  readonly flags: FlagValues<F>;
}

/** What every command is given. */
export interface CommandContext {
  readonly experiments: readonly Experiment[];
  /** The methods by which a student may be distilled, by the names of the registry; default none. */
  readonly methods?: Readonly<Record<string, RegisteredMethod>>;
  readonly terminal: Terminal;
  /** Aborted, with `Interrupted` as its reason, when a command that `stopsByItself` is to stop. */
  readonly stop: AbortSignal;
  /** Where relative paths of the arguments start, if that is not the working directory. */
  readonly callerFolder?: string;
  /** The program's main module, where other processes of it may be started. */
  readonly program?: string;
}

/** 0 done, 1 something failed or differs; 2 (wrong usage) and 3 (no adapter) are thrown as errors. */
export type ExitStatus = 0 | 1;

export interface Command<F extends Flags = Flags> {
  readonly name: string;
  /** Without it the command takes flags only. */
  readonly positional?: Positional;
  readonly flags: F;
  /** Whether Ctrl-C and SIGTERM only ask it to stop, by the context's signal; a second one ends the process at once, as the first does others. */
  readonly stopsByItself?: boolean;
  /** What is said when it is asked to stop, and when it has stopped, where that is not about a run that is resumed. */
  readonly stopTexts?: { readonly asked: string; readonly stopped: string };
  /** What takes less of the GPU's memory, as said where that did not suffice. */
  readonly lessMemory?: string;
  run(invocation: Invocation<F>, context: CommandContext): Promise<ExitStatus>;
}

/** Declares a command; its flag table gives the types of the values that `run` sees. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command {
  // The command line gives `run` exactly the flags of the command's own table.
  return command as unknown as Command;
}

import { parseArgs } from "@std/cli/parse-args";
import { InputError } from "#lib/errors.ts";
import { summaryOf } from "./help.ts";
import { excerpt } from "#lib/visible_text.ts";
import { closest, unknownName } from "#lib/bench/suggestion.ts";
import type { Command, Flag, Flags, Invocation } from "./command.ts";

const COMMON_FLAGS = {
  help: { kind: "switch", help: "shows this" },
  debug: { kind: "switch", help: "shows where an error came from" },
} as const satisfies Flags;

const MAX_SEED = 2 ** 32 - 1;

/** What the arguments of a command ask for. */
interface ParsedArguments extends Invocation<Flags> {
  readonly help: boolean;
}

/**
 * Reads the arguments after the command's name by its flag table. Lists may be given in parts, `--seeds 10 --seeds 20`; other flags that
 * take a value once.
 *
 * @param callerFolder where relative paths start, if that is not the working directory
 * @throws {InputError} on an unknown flag, a missing or wrong value, a second value where one is taken, or too few or many arguments
 */
export function parseCommandLine(command: Command, args: readonly string[], callerFolder?: string): ParsedArguments {
  const flags: Flags = { ...command.flags, ...COMMON_FLAGS };
  const names = (wanted: (flag: Flag) => boolean) => Object.keys(flags).filter((name) => wanted(flags[name]));
  const dashed = names(({ kind }) => kind === "arguments").map((name) => `--${name}`);
  const { _: positional, ...given } = parseArgs(joined(args, dashed), {
    string: ["_", ...names(({ kind }) => kind !== "switch")],
    boolean: names(({ kind }) => kind === "switch"),
    // All of them, so that none is lost where one is given twice.
    collect: names(({ kind }) => kind !== "switch"),
    alias: { help: "h" },
    unknown: (arg) => {
      if (arg.length > 1 && arg.startsWith("-")) throw new InputError(unknownFlag(command, arg, Object.keys(flags)));
    },
  });
  if (given.help === true) return { help: true, positional: [], flags: {} };
  const values = Object.keys(command.flags).map((name) =>
    [name, readFlag(name, command.flags[name], given[name], callerFolder)] as const
  );
  return {
    help: false,
    positional: readPositional(command, positional.map(String), callerFolder),
    flags: Object.fromEntries(values) as Invocation<Flags>["flags"],
  };
}

/** Joins each of some flags to its value by `=`: whatever follows is that, even if it begins with a dash. */
function joined(args: readonly string[], names: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (names.includes(args[i - 1])) return [];
    return names.includes(arg) && i + 1 < args.length ? [`${arg}=${args[i + 1]}`] : [arg];
  });
}

/** The help of one command. */
export function formatHelp(command: Command): string {
  const { name, positional } = command;
  const flags: Flags = { ...command.flags, ...COMMON_FLAGS };
  const rows = Object.entries(flags).map(([name, flag]) => ({
    left: flag.kind === "switch" ? `--${name}` : `--${name} ${flag.value}`,
    right: flag.kind === "choice" ? `${flag.help}: ${flag.known.join(", ")}` : flag.help,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  const words = positional && `${positional.name}${positional.max === undefined ? "…" : ""}`;
  const taken = words === undefined ? "" : positional!.min > 0 ? ` ${words}` : ` [${words}]`;
  const lines = rows.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`);
  return [`Usage: ./run ${name}${taken} [FLAGS]`, "", ...summaryOf(name), ...lines].join("\n");
}

function unknownFlag({ name }: Command, arg: string, known: readonly string[]): string {
  const flag = arg.replace(/=.*$/s, "");
  const suggestion = closest(flag.replace(/^-+/, ""), known);
  const hint = suggestion === undefined ? "" : `did you mean --${suggestion}? `;
  return `unknown flag ${excerpt(flag)}; ${hint}./run ${name} --help shows the flags`;
}

function readPositional({ name, positional }: Command, given: readonly string[], callerFolder?: string): string[] {
  const { name: what = "flags only", min = 0, max = Infinity, kind = "text" } = positional ?? { max: 0 };
  const last = excerpt(given.at(-1) ?? "");
  const wrong = given.length < min
    ? `needs ${what}`
    : given.length <= max
    ? undefined
    : `takes ${what}, not "${last}"${max === 0 ? "" : " as well"}`;
  if (wrong !== undefined) throw new InputError(`${name} ${wrong}; ./run ${name} --help shows more`);
  return given.map((text) => kind === "path" ? fromCaller(text, callerFolder) : text);
}

function readFlag(name: string, flag: Flag, value: unknown, callerFolder?: string): unknown {
  if (flag.kind === "switch") return value === true;
  const texts = value as readonly string[] | undefined ?? [];
  if (texts.includes("")) throw new InputError(`--${name} needs a value: --${name} ${flag.value}`);
  if (flag.kind === "repeated") return texts;
  if (texts.length === 0) return undefined;
  const text = texts.join(",");
  if (flag.kind === "names") return [...new Set(text.split(",").map((name) => name.trim()))];
  if (flag.kind === "seeds") return readSeeds(name, text);
  if (texts.length > 1) {
    throw new InputError(`--${name} is given ${texts.length} times (${excerpt(texts.join(", "))}); it takes one value`);
  }
  if (flag.kind === "path") return fromCaller(text, callerFolder);
  if (flag.kind === "choice" && !flag.known.includes(text)) {
    throw new InputError(unknownName(`--${name}`, text, flag.known));
  }
  if (flag.kind === "count") {
    if (!/^\d{1,9}$/.test(text)) throw new InputError(`--${name} ${excerpt(text)}: must be a whole number, as in 30`);
    return Number(text);
  }
  if (flag.kind === "number") return readNumber(name, text);
  return text;
}

function readNumber(name: string, text: string): number {
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(number)) throw new InputError(`--${name} ${excerpt(text)}: must be a number, as in 0.7`);
  return number;
}

function readSeeds(name: string, text: string): number[] {
  const seeds = text.split(",").map((part) => {
    const seed = /^\s*\d+\s*$/.test(part) ? Number(part) : NaN;
    if (!(seed <= MAX_SEED)) {
      throw new InputError(
        `--${name} ${excerpt(text)}: "${excerpt(part)}" is not a whole number from 0 to ${MAX_SEED}, as in 10,20,30`,
      );
    }
    return seed;
  });
  if (new Set(seeds).size < seeds.length) throw new InputError(`--${name} ${excerpt(text)}: a seed occurs twice`);
  return seeds;
}

/** The path of what the user wrote. */
export function fromCaller(path: string, callerFolder: string | undefined): string {
  const isAbsolute = path.startsWith("/") || /^([A-Za-z]:)?\\|^[A-Za-z]:\//.test(path);
  return callerFolder === undefined || isAbsolute ? path : `${callerFolder}/${path}`;
}

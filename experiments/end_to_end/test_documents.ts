/** The commands and settings that the documents name, and what is wrong with one. A command by itself, as in `./run export`, is a mention. */
import { EXPERIMENTS } from "#experiments/main.ts";
import { expectKnown, unknownName } from "#lib/bench/suggestion.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { unwrapped } from "#lib/bench/section.ts";
import type { Command, FlagValues } from "#lib/cli/command.ts";
import { parseCommandLine } from "#lib/cli/command_line.ts";
import { TASK_NAMES } from "#lib/cli/help.ts";
import { COMMANDS } from "#lib/cli/main.ts";
import { chooseProfile, RESULTS_FLAGS } from "#lib/cli/results_flags.ts";
import { InputError } from "#lib/errors.ts";
import { cellAt, matchesTask } from "#lib/runner/cell.ts";
import { rowNames, type ShapesName } from "#lib/speed/catalog.ts";
import { blockLinesOf, codeSpansOf, documents, readDocument } from "#lib/test_documents.ts";
import { z } from "zod";
import { parseSuiteArgs } from "../../tools/test_suite.ts";
import { runProgram } from "./test_run.ts";

const PROJECT = new URL("../../", import.meta.url);
/** What stands for a value, as in `CELL`, `METHOD|SECTION` and `--methods a,b`. */
const PLACEHOLDER = /^(\p{Lu}[\p{Lu}|]*|a,b|key=value|.*\.KEY=.*|.*\/FOLDER)$/u;
/** Flags of the scripts that are no commands of the program. */
const SCRIPT_FLAGS = ["--all", "--slow", "--quick", "--filter"];

/** A command, a flag or a setting, and where it stands. */
export interface Documented {
  readonly document: string;
  readonly code: string;
}

/** The commands of all documents that begin with `./run` or `deno`: lines of blocks, and code in the prose. */
export async function documentedCommands(): Promise<Documented[]> {
  return await collect((text) =>
    [...blockLinesOf(text, "sh"), ...codeSpansOf(text)].filter((code) => /^(\.\/run|deno (run|task)) /.test(code))
  );
}

/** Code in the prose that begins with a command's name or a flag, as in `bench --against DIR` and `--set ammd.beta=1`. */
export async function documentedParts(): Promise<Documented[]> {
  return await collect((text) =>
    codeSpansOf(text).filter((code) => {
      const [first, second] = code.split(" ");
      return /^--(?!allow-)\w/.test(first) || (TASK_NAMES.includes(first) && second !== undefined);
    })
  );
}

/** Code in the prose that names a setting by its section, as in `ammd.beta`, with its value or without. */
export async function documentedSettings(): Promise<Documented[]> {
  const sections = Object.keys(schemaOf(EXPERIMENTS).shape);
  return await collect((text) =>
    codeSpansOf(text).filter((code) =>
      /^\w+(\.\w+)+(: \w+)?$/.test(code) && !/\.(csv|jsonl?|md|tsv)$/.test(code) &&
      sections.includes(code.split(".")[0])
    )
  );
}

async function collect(find: (text: string) => readonly string[]): Promise<Documented[]> {
  const all: Documented[] = [];
  for (const document of documents()) {
    for (const code of find(await readDocument(document))) all.push({ document, code });
  }
  return all;
}

/** What is wrong with a command, or with a part of one; undefined where it would be understood. */
export async function problemOf(code: string): Promise<string | undefined> {
  // What is quoted is another program's business.
  const words = code.replaceAll(/"[^"]*"/g, "ARGS").replaceAll(/[[\]…]/g, "").split(/[\s,]+(?=--)|\s+/).filter((word) =>
    word !== ""
  );
  try {
    if (words[0] === "deno" && words[1] === "run") expectFile(words.slice(2).find((word) => !word.startsWith("-"))!);
    else if (words[0].startsWith("--")) await expectFlags(words);
    else await expectTask(words[0] === "./run" ? words.slice(1) : words[0] === "deno" ? words.slice(2) : words);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** What is wrong with the name of a setting. */
export function problemOfSetting(code: string): string | undefined {
  const path = code.replace(/:.*$/, "").split(".");
  let at: unknown = schemaOf(EXPERIMENTS);
  for (const key of path) {
    if (PLACEHOLDER.test(key)) return undefined;
    if (!(at instanceof z.ZodObject) || !Object.hasOwn(at.shape, key)) return `there is no setting ${path.join(".")}`;
    at = unwrapped(at.shape[key]);
  }
}

function expectFile(path: string): void {
  try {
    Deno.statSync(new URL(path, PROJECT));
  } catch {
    throw new InputError(`${path} is not there`);
  }
}

/** A flag by itself is of the first command that understands it. */
async function expectFlags(words: readonly string[]): Promise<void> {
  const flag = words[0].split("=")[0];
  if (SCRIPT_FLAGS.includes(flag)) return;
  const having = COMMANDS.filter(({ flags }) => Object.hasOwn(flags, flag.slice(2)));
  if (flag !== "--help" && having.length === 0) throw new InputError(`no command has the flag ${flag}`);
  if (having.length > 0) await expectTask([having[0].name, ...words]);
}

async function expectTask([name, ...args]: readonly string[]): Promise<void> {
  if (PLACEHOLDER.test(name) || name === "help") return;
  if (!TASK_NAMES.includes(name)) throw new InputError(unknownName("command", name, TASK_NAMES));
  const command = COMMANDS.find((each) => each.name === name);
  if (command && args.length > 0) return await expectArguments(command, args);
  const paths = name === "test" ? parseSuiteArgs(args, 1).paths : args;
  for (const path of paths.filter((each) => !PLACEHOLDER.test(each))) expectFile(path);
}

async function expectArguments(command: Command, args: readonly string[]): Promise<void> {
  const { positional, flags: values, help } = parseCommandLine(command, withoutPlaceholders(command, args));
  if (help) return;
  const flags = values as FlagValues<typeof RESULTS_FLAGS> & {
    readonly methods?: readonly string[];
    readonly tasks?: readonly string[];
    readonly shapes?: ShapesName;
  };
  const words = positional.filter((word) => !PLACEHOLDER.test(word));
  if (command.name === "bench") {
    for (const word of words) expectKnown("benchmark", word, rowNames(flags.shapes ?? "reference"));
  }
  if (command.name === "list") {
    const { status, reported } = await runProgram("list", ...words);
    if (status !== 0) throw new InputError(reported);
  }
  if (Object.keys(RESULTS_FLAGS).some((flag) => !Object.hasOwn(command.flags, flag))) return;
  const takesCells = ["CELL", "CELL DIR"].includes(command.positional?.name ?? "");
  if (takesCells) { for (const word of words.slice(0, 1)) cellAt(word, EXPERIMENTS); }
  const { experiments } = await chooseProfile(takesCells ? [] : words, flags, { experiments: EXPERIMENTS });
  const methods = experiments.flatMap((each) => each.methods.map(({ name }) => name));
  for (const method of flags.methods ?? []) expectKnown("method", method, methods);
  for (const task of flags.tasks ?? []) {
    const isKnown = experiments.some(({ tasks = [] }) => tasks.some((each) => matchesTask(task, each)));
    if (!isKnown) throw new InputError(`no experiment has the task ${task}`);
  }
}

/** Arguments without the flags whose value is a placeholder; of values that are alternatives, `md|csv`, each is looked at. */
function withoutPlaceholders({ name, flags }: Command, args: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const flag = args[i].startsWith("--") ? flags[args[i].slice(2)] : undefined;
    const value = args[i + 1];
    if (flag === undefined || flag.kind === "switch") kept.push(args[i]);
    else {
      i++;
      // A flag that is only mentioned has none.
      if (value === undefined || PLACEHOLDER.test(value)) continue;
      const choices = flag.kind === "choice" ? value.split("|") : [value];
      if (flag.kind === "choice") { for (const choice of choices) expectKnown(`--${name}`, choice, flag.known); }
      else kept.push(args[i - 1], value);
    }
  }
  return kept;
}

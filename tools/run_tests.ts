/**
 * `./run test`: runs files of tests, each in a process of its own, as many at once as there are cores. The words before `--` are the command
 * that runs one file, with its permissions, as `deno.json` has it.
 *
 * Mesa's CPU driver gets one thread a process: two processes of one thread do 1.9 times the work of one of two.
 */
import { InputError } from "#lib/errors.ts";
import {
  formatSummary,
  ignoredLines,
  judgeProcess,
  parseSuiteArgs,
  selectTestFiles,
  type SuiteRequest,
  sumCounts,
  type TestCounts,
  USAGE,
} from "./test_suite.ts";

const ROOT = decodeURIComponent(new URL("../", import.meta.url).pathname);
const TEMPORARY = `${ROOT}.cache/tmp`;
/** Folders of the project's root that hold no tests. */
const OTHERS = [".git", ".deno", ".cache", "results", "node_modules"];
const STATUS = { SIGINT: 130, SIGTERM: 143 };

/** Runs the tests that are asked for; the exit status. */
async function main(command: readonly string[], args: readonly string[]): Promise<number> {
  if (args[0] === "--help") {
    console.log(USAGE);
    return 0;
  }
  const request = parseSuiteArgs(args, navigator.hardwareConcurrency);
  const files = requestedFiles(request);
  await Deno.mkdir(TEMPORARY, { recursive: true });
  // Git looks for no repository above the folders of tests: what is one here leads nowhere.
  await Deno.writeTextFile(`${TEMPORARY}/.git`, "gitdir: none\n");
  const start = performance.now();
  const { counts, failures } = await new TestProcesses(command, request).runAll(files);
  if (failures.length > 0) console.log(`\nfailed:\n${indent(failures.join("\n"))}`);
  console.log(`\n${formatSummary(counts, (performance.now() - start) / 1000)}`);
  return failures.length > 0 ? 1 : 0;
}

function requestedFiles({ group, paths }: SuiteRequest): string[] {
  if (paths.length === 0) return selectTestFiles(filesIn(""), group);
  const found = paths.map((path) => {
    const files = selectTestFiles(filesAt(path), group);
    if (files.length === 0) throw new InputError(`${path}: no file of tests (*_test.ts) of this project is there`);
    return files;
  });
  return selectTestFiles([...new Set(found.flat())], "all");
}

/** The files at a path that is relative to where the user called. */
function filesAt(path: string): string[] {
  const from = new URL(`file://${encodePath(Deno.env.get("INIT_CWD") ?? Deno.cwd())}/`);
  const absolute = decodeURIComponent(new URL(encodePath(path), from).pathname).replace(/\/$/, "");
  if (`${absolute}/` === ROOT) return filesIn("");
  if (!absolute.startsWith(ROOT)) return [];
  const inside = absolute.slice(ROOT.length);
  try {
    return Deno.statSync(absolute).isDirectory ? filesIn(`${inside}/`) : [inside];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The files of a folder, `""` or `<path>/` from the root, and of those in it. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(ROOT + folder)].flatMap(({ name, isDirectory }) => {
    if (!isDirectory) return [folder + name];
    return folder === "" && OTHERS.includes(name) ? [] : filesIn(`${folder}${name}/`);
  });
}

/** The processes of a run of tests. */
class TestProcesses {
  readonly #command: readonly string[];
  readonly #request: SuiteRequest;
  readonly #running = new Set<Deno.ChildProcess>();

  constructor(command: readonly string[], request: SuiteRequest) {
    this.#command = command;
    this.#request = request;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => {
        for (const process of this.#running) process.kill("SIGTERM");
        Deno.exit(STATUS[signal]);
      });
    }
  }

  /** Runs each of the files and prints what came of it as soon as it has ended. */
  async runAll(files: readonly string[]): Promise<{ counts: TestCounts; failures: string[] }> {
    const [counts, failures]: [TestCounts[], string[]] = [[], []];
    const waiting = files.values();
    const work = async () => {
      for (const file of waiting) {
        const own = await this.#run(file);
        counts.push(own);
        if (own.failed > 0) failures.push(file);
      }
    };
    await Promise.all(Array.from({ length: this.#request.jobs }, work));
    return { counts: sumCounts(counts), failures };
  }

  async #run(file: string): Promise<TestCounts> {
    const { options, testArgs, paths } = this.#request;
    const [program, ...words] = this.#command;
    const start = performance.now();
    const process = new Deno.Command(program, {
      args: [...words, ...options, file, "--", ...testArgs],
      cwd: ROOT,
      env: { TMPDIR: TEMPORARY, LP_NUM_THREADS: "1", NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#running.add(process);
    const { code, stdout, stderr } = await process.output();
    this.#running.delete(process);
    const output = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    const { counts, note } = judgeProcess(code, output);
    const lines = counts.failed > 0 || paths.length > 0 ? [output.trim()] : ignoredLines(output);
    const summary = `${file} ... ${formatSummary(counts, (performance.now() - start) / 1000)}`;
    console.log([summary, ...(note === undefined ? [] : [note]), ...lines.map(indent)].join("\n"));
    return counts;
  }
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

const separator = Deno.args.indexOf("--");
try {
  Deno.exit(await main(Deno.args.slice(0, separator), Deno.args.slice(separator + 1)));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(2);
}

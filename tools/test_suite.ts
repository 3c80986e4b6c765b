/**
 * Which files of tests are run, and what their processes ended with. A file `*_slow_test.ts` is of the slow group, which `./run test` leaves
 * to `./run test --all`; every other one is of the quick group.
 */
import { parseArgs } from "@std/cli/parse-args";
import { InputError } from "#lib/errors.ts";

/** What the command line asks for. */
export interface SuiteRequest {
  readonly group: "quick" | "slow" | "all";
  /** Files and folders, as they were given; empty for the whole group. */
  readonly paths: readonly string[];
  /** Files that are run at once. */
  readonly jobs: number;
  /** Further words for `deno test`, such as a filter. */
  readonly options: readonly string[];
  /** Arguments of the tests themselves. */
  readonly testArgs: readonly string[];
}

/** How many tests of a file, or of several, ended in which way. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** What a process of `deno test` ended with. */
export interface TestOutcome {
  readonly counts: TestCounts;
  /** What is to be known of it beside the counts. */
  readonly note?: string;
}

/** Each file has a process and a device of its own: more of them at once would want too much memory of one GPU. */
const MOST_JOBS = 8;
/** From the lowest floor up: what fails below explains what fails above. */
const FOLDERS = ["kernels", "lib", "tools", "experiments"];
export const USAGE = "usage: ./run test [--all | --slow] [--jobs N] [--filter NAME] [PATH…] [-- ARGS of the tests]";

/** Reads the arguments of `./run test`; an `InputError` says what is wrong with them. */
export function parseSuiteArgs(args: readonly string[], cores: number): SuiteRequest {
  const { _, all, slow, jobs, filter, "--": testArgs } = parseArgs(args, {
    boolean: ["all", "slow"],
    string: ["jobs", "filter", "_"],
    "--": true,
    unknown(arg, key) {
      if (key !== undefined) throw new InputError(`unknown flag ${arg}; ${USAGE}`);
    },
  });
  if (all && slow) throw new InputError(`--all and --slow at once; ${USAGE}`);
  if (jobs !== undefined && !/^[1-9]\d{0,2}$/.test(String(jobs))) {
    throw new InputError(`--jobs is "${jobs}"; it must be a whole number from 1`);
  }
  const paths = _.map(String);
  return {
    group: slow ? "slow" : all || paths.length > 0 ? "all" : "quick",
    paths,
    jobs: jobs === undefined ? Math.min(cores, MOST_JOBS) : Number(jobs),
    options: filter === undefined ? [] : [`--filter=${filter}`],
    testArgs: testArgs as string[],
  };
}

/** The files of a group, from the project's root, in the order in which they are run. */
export function selectTestFiles(files: readonly string[], group: SuiteRequest["group"]): string[] {
  const place = (path: string) => FOLDERS.indexOf(path.split("/")[0]);
  const tests = files
    .filter((path) => path.endsWith("_test.ts"))
    .toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  const quick = tests.filter((path) => !isSlow(path));
  // The other way round: whole runs take longest, and no core is to wait for one at the end.
  const slow = tests.filter(isSlow).toReversed();
  return [...(group === "slow" ? [] : quick), ...(group === "quick" ? [] : slow)];
}

function isSlow(path: string): boolean {
  return path.endsWith("_slow_test.ts");
}

/** Deno's last line, as in: ok | 3 passed (2 steps) | 0 failed | 1 ignored (5ms) */
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?/gm;
/** SIGABRT and SIGSEGV, as a shell has them. */
const ABORTED = [134, 139];

/**
 * Judges a process of `deno test` by its status and what it printed. One that ended badly without a failed test counts as one. An abort
 * after the summary of tests that passed does not: Mesa's CPU driver now and then aborts the process at its exit (2 of 460 runs).
 */
export function judgeProcess(status: number, output: string): TestOutcome {
  const summary = [...output.matchAll(SUMMARY)].at(-1);
  if (!summary) {
    return { counts: { passed: 0, failed: 1, ignored: 0 }, note: `ended before its tests did, with status ${status}` };
  }
  const [passed, failed, ignored] = summary.slice(1).map((count) => Number(count ?? 0));
  if (status === 0 || failed > 0) return { counts: { passed, failed, ignored } };
  if (ABORTED.includes(status)) {
    const note = `the process aborted at its exit, after its tests, with status ${status}`;
    return { counts: { passed, failed, ignored }, note };
  }
  return { counts: { passed, failed: 1, ignored }, note: `ended with status ${status}, though no test failed` };
}

/** The lines of the tests that were ignored, which say why. */
export function ignoredLines(output: string): string[] {
  return output.split("\n").filter((line) => / \.\.\. ignored \(/.test(line));
}

/** The counts of several files together. */
export function sumCounts(counts: readonly TestCounts[]): TestCounts {
  const sum = (of: (each: TestCounts) => number) => counts.reduce((total, each) => total + of(each), 0);
  return { passed: sum(({ passed }) => passed), failed: sum(({ failed }) => failed), ignored: sum((c) => c.ignored) };
}

/** Counts and time in the form of Deno's own last line. */
export function formatSummary({ passed, failed, ignored }: TestCounts, seconds: number): string {
  const counts = [`${passed} passed`, `${failed} failed`, ...(ignored > 0 ? [`${ignored} ignored`] : [])];
  return `${failed > 0 ? "FAILED" : "ok"} | ${counts.join(" | ")} (${formatSeconds(seconds)})`;
}

function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${whole % 60}s`;
}

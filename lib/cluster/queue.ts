/** What Slurm knows of jobs, those of arrays task by task: `12_3` for task 3 of job 12. */
import { runSlurm } from "./programs.ts";

/** A job or task that waits or runs. */
export interface Queued {
  /** As Slurm names it: PENDING, RUNNING, COMPLETING, … */
  readonly state: string;
  /** Where it runs; empty while it waits. */
  readonly node: string;
  /** Time left, as Slurm writes it: `1-02:00:00`, `UNLIMITED`. */
  readonly left: string;
  /** Why it waits: Resources, Dependency, … */
  readonly reason: string;
}

/** A job or task that has ended. */
export interface EndedTask {
  /** COMPLETED, FAILED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL, CANCELLED, … */
  readonly state: string;
  /** Exit status and signal, as in `1:0`. */
  readonly exit: string;
  readonly reason: string;
}

/** Jobs that have ended may stay in the queue for a while. */
const OVER = ["COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "CANCELLED", "DEADLINE", "BOOT_FAIL"];

/** Those of some jobs that wait or run; undefined where Slurm cannot be asked now. */
export async function queueOf(ids: readonly string[]): Promise<Map<string, Queued> | undefined> {
  if (ids.length === 0) return new Map();
  const ended = await runSlurm("squeue", ["-h", "-r", "-j", ids.join(), "-o", "%i|%T|%N|%L|%r"]);
  // Of jobs that all ended long ago nothing is known.
  if (!ended || (!ended.isDone && !/Invalid job id/.test(ended.err))) return undefined;
  const rows = ended.out.split("\n").map((line) => line.split("|")).filter(({ length }) => length === 5);
  return new Map(
    rows.filter(([, state]) => !OVER.includes(state))
      .map(([id, state, node, left, reason]) => [id, { state, node, left, reason }]),
  );
}

/** How those of some jobs ended that Slurm still knows of: by its accounts, where it keeps any, else by its memory. */
export async function endedOf(ids: readonly string[]): Promise<Map<string, EndedTask>> {
  if (ids.length === 0) return new Map();
  const fields = "JobID,State,ExitCode,Reason";
  const accounts = await runSlurm("sacct", ["-n", "-P", "-X", "-j", ids.join(), "-o", fields]);
  const tasks = accounts?.isDone ? parseAccounts(accounts.out) : new Map<string, EndedTask>();
  for (const id of ids) {
    if ([...tasks.keys()].some((task) => task.split("_")[0] === id)) continue;
    const memory = await runSlurm("scontrol", ["show", "job", id, "-o"]);
    for (const [task, how] of parseJobs(memory?.out ?? "")) tasks.set(task, how);
  }
  return new Map([...tasks].filter(([, { state }]) => OVER.includes(state)));
}

/** `sacct -P`: a line for each task, with `CANCELLED by 1000`. */
export function parseAccounts(text: string): Map<string, EndedTask> {
  const rows = text.split("\n").map((line) => line.split("|")).filter(({ length }) => length >= 3);
  return new Map(
    rows.map(([id, state, exit, reason = ""]) => [id, { state: state.split(" ")[0], exit, reason: wordOf(reason) }]),
  );
}

/** `scontrol show job -o`: a line for each task, or one for those that never began. */
export function parseJobs(text: string): Map<string, EndedTask> {
  const tasks = new Map<string, EndedTask>();
  for (const line of text.split("\n")) {
    const field = (name: string) => new RegExp(`(?:^|\\s)${name}=(\\S*)`).exec(line)?.[1] ?? "";
    if (field("JobId") === "") continue;
    const [array, index] = [field("ArrayJobId"), field("ArrayTaskId")];
    const how = { state: field("JobState"), exit: field("ExitCode"), reason: wordOf(field("Reason")) };
    if (array === "") tasks.set(field("JobId"), how);
    else for (const each of indicesOf(index)) tasks.set(`${array}_${each}`, how);
  }
  return tasks;
}

/** `3`, or of tasks that never began `1-3,7%2`. */
function indicesOf(text: string): number[] {
  return text.replace(/%\d+$/, "").split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Number.isInteger(first) ? Array.from({ length: last - first + 1 }, (_, i) => first + i) : [];
  });
}

function wordOf(reason: string): string {
  return reason === "None" || reason === "(null)" ? "" : reason;
}

/** Why a task has ended without being done, in words. @param told what its script wrote of its end: an exit status */
export function describeEnd(end: EndedTask | undefined, told: number | undefined): string {
  const [status, signal] = (end?.exit ?? "").split(":").map(Number);
  const exit = told ?? status;
  if (exit === NOT_SHARED || signal === NO_OUTPUT) {
    return `its node sees no such folder, or may not write there; ${SHARE}`;
  }
  if (!end) return told === undefined ? "lost: neither Slurm nor its script says how it ended" : wordsOfExit(exit, 0);
  const known = ENDS[end.state];
  if (known !== undefined) return end.reason === "DependencyNeverSatisfied" ? "what it waited for failed" : known;
  const why = end.reason === "" || end.reason === "NonZeroExitCode" ? "" : ` (${end.reason})`;
  return `${wordsOfExit(exit, signal)}${why}`;
}

const ENDS: Readonly<Record<string, string>> = {
  OUT_OF_MEMORY: "out of memory; give it more with --slurm-args --mem=…",
  TIMEOUT: "time limit; the same command goes on from the last checkpoint",
  NODE_FAIL: "its node failed",
  CANCELLED: "cancelled",
};

function wordsOfExit(exit: number, signal: number): string {
  if (signal > 0 && !(exit > 0)) return `killed by signal ${signal}`;
  return exit > 128 ? `killed by signal ${exit - 128}` : `ended with status ${exit}`;
}

/** Exit status of a task's script where the node does not see its folder, or may not write there. */
export const NOT_SHARED = 65;
/** Slurm's own signal where it cannot open the file of a task's output. */
const NO_OUTPUT = 53;
export const SHARE = "project and results must lie where all nodes see and may write them (--results DIR)";

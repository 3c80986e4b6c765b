/**
 * What the arguments of one run name, and its permission set in `deno.json` does not have: files, folders, and the judge's host. The program
 * reads the same flags by the tables of its commands.
 */

/** By permission, beside the task's set. */
export type Grants = Partial<Record<"read" | "write" | "run" | "net", string[]>>;

/** Wrong usage: the message is one line. */
export class GrantError extends Error {}

/** The flags whose value follows them; tests hold them against those of the commands. */
export const VALUE_FLAGS: readonly string[] = [
  ...["--data", "--results", "--profile", "--format", "--seeds", "--methods", "--tasks", "--set", "--checkpoint-every"],
  ...["--jobs", "--against", "--shapes", "--preferences"],
  ...["--executor", "--slurm-args", "--array-limit", "--per-task", "--lease", "--adapter"],
];

/** What asks and tells Slurm; other tasks have the ones that they always need in their sets. */
const SLURM = ["sbatch", "squeue", "scontrol", "sacct", "scancel"];

const WRITES_RESULTS = ["reproduce", "cell", "report", "judge", "export"];
const READS_RESULTS = [...WRITES_RESULTS, "table", "diff", "status", "show", "cancel"];
const READS_DATA = ["reproduce", "cell", "status", "show", "table", "report", "judge", "export"];

/**
 * @param caller where relative paths start
 * @param isFolder whether there is a folder of this path
 * @throws {GrantError} for a path that Deno cannot be told of
 */
export function grantsOf(
  task: string,
  args: readonly string[],
  caller: string,
  isFolder: (path: string) => boolean,
): Grants {
  const grants: Grants = {};
  const grant = (name: string, value: string, ...kinds: ("read" | "write")[]) => {
    if (value === "") return;
    const path = value.startsWith("/") ? value : `${caller.replace(/\/$/, "")}/${value}`;
    if (path.includes(",")) {
      const remedy = "rename it, or name a link to it that has none";
      throw new GrantError(
        `${name} ${value}: Deno cannot permit a path with a comma, ${path}; ${remedy}`,
      );
    }
    for (const kind of kinds) (grants[kind] ??= []).push(path);
  };
  const { values, words } = split(args);
  for (const [flag, value] of values) {
    if (["--data", "--preferences"].includes(flag) && READS_DATA.includes(task)) grant(flag, value, "read");
    if (flag === "--results" && WRITES_RESULTS.includes(task)) grant(flag, value, "read", "write");
    else if (flag === "--results" && READS_RESULTS.includes(task)) grant(flag, value, "read");
    if (flag === "--against" && task === "bench" && value !== "") {
      grant(flag, value, "read");
      grants.run = ["deno"]; // a process for each checkout
    }
  }
  if (isRemote(task, args)) grants.run = SLURM;
  if (task === "verify") { for (const word of words) grant("DIR", word, "read"); }
  if (task === "export" && words.length > 1) grant("DIR", words[1], "read", "write");
  // A name may be a commit's, too.
  if (task === "diff") {
    for (const word of words) {
      if (!word.includes(",") || isFolder(word)) grant("DIR", word, "read");
    }
  }
  const host = asksJudge(task, args) ? judgeHost(args) : undefined;
  return host === undefined ? grants : { ...grants, net: [host] };
}

/** Whether the task has others compute, or records what they have: it needs no adapter, but Slurm. */
export function isRemote(task: string, args: readonly string[]): boolean {
  if (task !== "reproduce") return false;
  return args.includes("--collect") ||
    split(args).values.some(([flag, value]) => flag === "--executor" && value === "slurm");
}

/** Flags with their values, and what is neither. */
function split(args: readonly string[]): { values: [flag: string, value: string][]; words: string[] } {
  const values: [string, string][] = [];
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? [];
    if (arg === "--") return { values, words: [...words, ...args.slice(i + 1)] };
    if (flag !== undefined) values.push([flag, value]);
    else if (arg === "--slurm-args") i++; // of another program, with dashes of their own
    else if (VALUE_FLAGS.includes(arg)) {
      // Before another flag it has no value, which the program will say.
      if (i + 1 < args.length && !args[i + 1].startsWith("-")) values.push([arg, args[++i]]);
    } else if (!/^-./s.test(arg)) words.push(arg);
  }
  return { values, words };
}

/** Whether the task asks the judge: of pairs where its settings say so. */
function asksJudge(task: string, args: readonly string[]): boolean {
  if (task === "judge") return true;
  return ["reproduce", "cell"].includes(task) && /^["']?judge["']?$/.test(lastOf("preferences.oracle", args) ?? "");
}

/** What the last `KEY=VALUE` among the arguments, or after `--set=`, gives a setting. */
function lastOf(key: string, args: readonly string[]): string | undefined {
  return args.map((arg) => arg.replace(/^--set=/, "")).findLast((arg) => arg.startsWith(`${key}=`))
    ?.slice(key.length + 1);
}

/** HOST:PORT of the last `judge.url=URL`; undefined where there is none, or no address that is safe to read here. */
function judgeHost(args: readonly string[]): string | undefined {
  const [, scheme, host, port] = /^["']?(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d+))?(?:["'/?#].*)?$/
    .exec(lastOf("judge.url", args) ?? "") ?? [];
  return host === undefined ? undefined : `${host}:${port ?? (scheme === "https" ? 443 : 80)}`;
}

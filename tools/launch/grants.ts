/**
 * What the arguments of one run name, and its permission set in `deno.json` does not have: files, folders, and the hosts of the judge, of a
 * teacher and of the hub. The program reads the same flags by the tables of its commands.
 */
import {
  FILE_HOSTS,
  hostOf,
  hubPlaces,
  repositoryFolder,
  splitAdapter,
  splitDataReference,
  splitReference,
} from "../../lib/hub/places.ts";

/** By permission, beside the task's set. */
export type Grants = Partial<Record<"read" | "write" | "run" | "net", string[]>>;

/** Wrong usage: the message is one line. */
export class GrantError extends Error {}

/** The flags whose value follows them; tests hold them against those of the commands. */
export const VALUE_FLAGS: readonly string[] = [
  ...["--data", "--results", "--profile", "--format", "--seeds", "--methods", "--tasks", "--set", "--checkpoint-every"],
  ...["--jobs", "--against", "--shapes", "--preferences", "--files-from", "--binding-limit"],
  ...["--metrics", "--max-new-tokens", "--max-prompt-tokens", "--samples", "--seed", "--limit", "--prefix"],
  ...["--out", "--for", "--memory", "--tokens", "--temperature", "--top-k", "--top-p", "--repetition-penalty"],
  ...["--no-repeat-ngram", "--system", "--template", "--prompts"],
  ...["--teacher-texts", "--teacher-endpoint", "--teacher-model"],
  ...["--teacher", "--student", "--method", "--compare", "--steps", "--sft-steps", "--teacher-sft-steps"],
  ...[
    "--texts-per-step",
    "--texts-at-once",
    "--learning-rate",
    "--teacher-form",
    "--student-form",
    "--teacher-top-k",
    "--lora",
    "--lora-alpha",
    "--lora-targets",
  ],
  ...["--executor", "--slurm-args", "--array-limit", "--per-task", "--lease", "--adapter"],
];

/** What asks and tells Slurm; other tasks have the ones that they always need in their sets. */
const SLURM = ["sbatch", "squeue", "scontrol", "sacct", "scancel"];

const WRITES_RESULTS = ["reproduce", "cell", "report", "judge", "export", "generate", "evaluate"];
const READS_RESULTS = [...WRITES_RESULTS, "table", "diff", "status", "show", "cancel"];
/** How many of their arguments, from the first, are folders of models, or names of models in the hub's cache. */
const MODELS_OF: Readonly<Record<string, number>> = { verify: Infinity, evaluate: Infinity, generate: 1 };
const READS_DATA = ["reproduce", "cell", "status", "show", "table", "report", "judge", "export", "evaluate", "distil"];
/** Of them those whose `--data` may be the name of a data set in the hub's cache. */
const READS_HUB_DATA = ["evaluate", "distil"];
/** Where students are written that no `--out` has a place for. */
const DISTILLED = "distilled";

export interface Surroundings {
  /** Where relative paths start. */
  readonly caller: string;
  /** Whether there is a folder of this path. */
  readonly isFolder: (path: string) => boolean;
  readonly env: (name: string) => string | undefined;
  /** The text of a profile; undefined where there is none of this name. */
  readonly readProfile?: (name: string) => string | undefined;
}

/**
 * @throws {GrantError} for a path that Deno cannot be told of
 */
export function grantsOf(
  task: string,
  args: readonly string[],
  surroundings: Surroundings,
): Grants {
  const { caller, isFolder, env } = surroundings;
  const grants: Grants = {};
  const grant: Grant = (name, value, ...kinds) => {
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
    if (flag === "--data" && READS_HUB_DATA.includes(task)) {
      grantCached(splitDataReference(value), value, surroundings, grant);
    }
    if (flag === "--results" && WRITES_RESULTS.includes(task)) grant(flag, value, "read", "write");
    else if (flag === "--results" && READS_RESULTS.includes(task)) grant(flag, value, "read");
    if (flag === "--teacher-texts" && task === "distil") grant(flag, value, "read");
    if (flag === "--prompts" && task === "generate") grant(flag, value, "read");
    if (flag === "--out" && task === "generate") grant(flag, value, "write");
    if (flag === "--out" && ["evaluate", "distil"].includes(task)) grant(flag, value, "read", "write");
    if (flag === "--shapes" && task === "bench" && value === "gpt2") {
      // Where it keeps the adapter's rates, in the project's folder.
      for (const kind of ["read", "write"] as const) (grants[kind] ??= []).push(".cache");
    }
    if (flag === "--against" && task === "bench" && value !== "") {
      grant(flag, value, "read");
      grants.run = ["deno"]; // a process for each checkout
    }
  }
  if (isRemote(task, args)) grants.run = SLURM;
  if (task === "distil" && !values.some(([flag]) => flag === "--out")) grant("--out", DISTILLED, "read", "write");
  // TEACHER:STUDENT.
  const pairs = task === "doctor" ? values.filter(([flag]) => flag === "--for") : [];
  const players = task === "distil" ? values.filter(([flag]) => ["--teacher", "--student"].includes(flag)) : [];
  const models = [
    ...words.slice(0, MODELS_OF[task] ?? 0),
    ...pairs.flatMap(([, value]) => value.split(":")),
    ...players.map(([, value]) => value),
  ];
  if (models.length > 0) grantModels(models, surroundings, grant);
  if (READS_RESULTS.includes(task)) grantNamed(values, words, surroundings, grant);
  if (task === "export" && words.length > 1) grant("DIR", words[1], "read", "write");
  // A name may be a commit's, too.
  if (task === "diff") {
    for (const word of words) {
      if (!word.includes(",") || isFolder(word)) grant("DIR", word, "read");
    }
  }
  const host = endpointHost(asksJudge(task, args) ? lastOf("judge.url", args) : teacherEndpoint(task, values));
  const net = task === "fetch" ? grantHub(values, { caller, env }, grant) : host && [host];
  return net ? { ...grants, net } : grants;
}

type Grant = (name: string, value: string, ...kinds: ("read" | "write")[]) => void;

/** Folders of models, or what the hub's cache has of models by their names; of an adapter its base's, too. */
function grantModels(named: readonly string[], surroundings: Surroundings, grant: Grant): void {
  for (const word of named.flatMap((each) => [each, ...splitAdapter(each) ?? []])) {
    grant("DIR", word, "read");
    grantCached(splitReference(word), word, surroundings, grant);
  }
}

/** The checkpoints and the data of the hub that a profile names, or `--set` in their place. */
function grantNamed(
  values: readonly (readonly [flag: string, value: string])[],
  words: readonly string[],
  surroundings: Surroundings,
  grant: Grant,
): void {
  const of = (flag: string) => values.filter(([name]) => name === flag).map(([, value]) => value);
  const texts = [...of("--profile"), ...words].filter((name) => /^[\w-]+(@[\w-]+)?$/.test(name))
    .flatMap((name) => surroundings.readProfile?.(name.replace(/@.*$/, "")) ?? []);
  // Nothing else in a profile has a slash but what its comments say.
  const inFiles = texts.flatMap((text) => text.replaceAll(/#.*$/gm, "").match(/[\w.-]+\/[\w.@+/-]+/g) ?? []);
  const set = of("--set").flatMap((setting) => {
    const [, key = "", value = ""] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (/(^|\.)(checkpoint|hub)$|(^|\.)checkpoints\.|^data\.files\./.test(key)) return [value.trim()];
    // A whole section at once, as in teacher={checkpoint: ORG/NAME, seed: 1}.
    return [...value.matchAll(/\b(?:checkpoint|hub): *["']?([^,}"'\s]+)/g)].map(([, word]) => word);
  });
  grantModels(set.filter((word) => word !== ""), surroundings, grant);
  for (const word of new Set([...inFiles, ...set].flatMap((each) => each.split("+")))) {
    const [repository] = /^[^/]+\/[^/]+/.exec(word) ?? [];
    if (repository === undefined) continue;
    for (const kind of [splitReference, splitDataReference]) {
      grantCached(kind(repository), repository, surroundings, grant);
    }
  }
}

/** What the hub's cache has of a repository, unless a folder has the same name. */
function grantCached(
  reference: readonly [repository: string, revision: string | undefined] | undefined,
  word: string,
  { caller, isFolder, env }: Surroundings,
  grant: Grant,
): void {
  const places = hubPlaces(env, caller);
  if (reference === undefined || places === undefined || isFolder(word)) return;
  grant("HF_HUB_CACHE", repositoryFolder(places.cacheFolder, reference[0]), "read");
}

/** The hub's cache and token, and its hosts, which are returned; none where nothing says where the cache is, which the program will say. */
function grantHub(
  values: readonly (readonly [flag: string, value: string])[],
  { caller, env }: Pick<Surroundings, "caller" | "env">,
  grant: Grant,
): string[] | undefined {
  const places = hubPlaces(env, caller);
  if (places === undefined) return undefined;
  grant("HF_HUB_CACHE", places.cacheFolder, "read", "write");
  grant("HF_TOKEN_PATH", places.tokenFile, "read");
  const named = values.filter(([flag]) => flag === "--files-from").flatMap(([, value]) => value.split(","));
  const hosts = [hostOf(places.endpoint), ...FILE_HOSTS, ...named.map(namedHost)];
  return hosts.filter((host) => host !== undefined);
}

/** HOST or HOST:PORT, as a person names it: one host, and no pattern. */
function namedHost(word: string): string | undefined {
  const host = word.trim();
  if (host === "") return undefined;
  if (/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(host)) return host;
  throw new GrantError(
    `--files-from ${word}: no host; name one as the message about it does, as in cdn.example.org:443`,
  );
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

/** The address of a teacher that is asked for its texts. */
function teacherEndpoint(
  task: string,
  values: readonly (readonly [flag: string, value: string])[],
): string | undefined {
  return task === "distil" ? values.findLast(([flag]) => flag === "--teacher-endpoint")?.[1] : undefined;
}

/** HOST:PORT of an address; undefined where there is none, or none that is safe to read here. */
function endpointHost(url = ""): string | undefined {
  const [, scheme, host, port] = /^["']?(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d+))?(?:["'/?#].*)?$/
    .exec(url) ?? [];
  return host === undefined ? undefined : `${host}:${port ?? (scheme === "https" ? 443 : 80)}`;
}

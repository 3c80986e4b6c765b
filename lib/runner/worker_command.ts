import { CACHE_FOLDER } from "#lib/bench/pair_oracle.ts";
import { hostOf } from "#lib/endpoint/address.ts";
import { HUB_VARIABLES } from "#lib/hub/places.ts";
import { JUDGE } from "#lib/judge/settings.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import type { ResultsPlace } from "#lib/results/place.ts";

export interface WorkerCommand extends ResultsPlace {
  /** The program's main module: an address of a file. */
  readonly program: string;
  readonly dataFolder?: string;
  /** Further folders that cells read, as those of checkpoints. */
  readonly reads?: readonly string[];
  /** What else was asked for (`--set`, `--data`, …). */
  readonly otherArguments: readonly string[];
  readonly checkpointSeconds: number;
  /** Of who judges pairs of texts, where the run has one: `http://localhost:8080/v1`. */
  readonly judgeUrl?: string;
  /** Threads of a CPU driver that each worker has. */
  readonly driverThreads?: number;
}

/** Starts a process that computes the cells that it is told to on its standard input. */
export function startWorker(command: WorkerCommand): Deno.ChildProcess {
  const { driverThreads } = command;
  return new Deno.Command(denoPath(), {
    args: workerArguments(command),
    // Mesa's; other drivers do not know it.
    env: driverThreads === undefined ? {} : { LP_NUM_THREADS: String(driverThreads) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What Deno is called with. */
export function workerArguments(command: WorkerCommand): string[] {
  const { program, otherArguments, checkpointSeconds } = command;
  const mode = ["--quiet", "--no-prompt", "--ignore-env"];
  const args = [...otherArguments, "--checkpoint-every", String(checkpointSeconds)];
  return ["run", ...mode, ...permissions(command), program, "cell", ...args];
}

/** This Deno; by its name where that is how it may be run, as with a link on PATH. */
function denoPath(): string {
  const path = Deno.execPath();
  return Deno.permissions.querySync({ name: "run", command: path }).state === "granted" ? path : "deno";
}

/** Of what a cell needs, what this process may do itself: a worker runs nothing, and writes no results. */
function permissions(command: WorkerCommand): string[] {
  const { program, resultsFolder, dataFolder, otherArguments, judgeUrl, reads = [] } = command;
  const project = decodeURIComponent(new URL("../", program).pathname);
  const state = `${resultsFolder}/${STATE_FOLDER}`;
  const pairs = otherArguments.filter((_, i) => otherArguments[i - 1] === "--preferences");
  const read = [
    project,
    CACHE_FOLDER,
    resultsFolder,
    ...(dataFolder === undefined ? [] : [dataFolder]),
    ...pairs,
    ...reads,
  ];
  const places = reads.length === 0 ? [] : HUB_VARIABLES;
  const wanted: Deno.PermissionDescriptor[] = [
    ...read.map((path) => ({ name: "read", path }) as const),
    ...[state, CACHE_FOLDER].map((path) => ({ name: "write", path }) as const),
    ...["INIT_CWD", "XDG_RUNTIME_DIR", "SLURMD_NODENAME", ...places].map((variable) =>
      ({ name: "env", variable }) as const
    ),
    { name: "sys", kind: "hostname" },
    ...judgePermissions(judgeUrl),
  ];
  return wanted.filter(isGranted)
    .map(({ name, ...what }) => `--allow-${name}=${Object.values(what)[0]}`);
}

/** The judge's host and key, where this process may reach the host. */
function judgePermissions(url = ""): Deno.PermissionDescriptor[] {
  if (url === "") return [];
  const net = { name: "net", host: hostOf(url) } as const;
  return isGranted(net) ? [net, { name: "env", variable: JUDGE.keyVariable }] : [];
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

import { assert, assertEquals } from "@std/assert";
import { runShell } from "#lib/runner/test_process.ts";

const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const CLUSTER = `${PROJECT}tools/local_slurm.sh`;

/** What a command ended with. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Why there can be no cluster on this machine, if so. */
export async function whyNoSlurm(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "needs Linux";
  const { out } = await runShell('sh "$1" can', CLUSTER);
  return out.trim() || undefined;
}

/** A real Slurm of two nodes, n1 and n2, on this machine. */
export class SlurmCluster implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(folder: string): Promise<SlurmCluster> {
    await Deno.mkdir(folder);
    const { code, err } = await runShell('sh "$1" start "$2"', CLUSTER, folder);
    if (code !== 0) throw new Error(`Cannot start Slurm: ${err}`);
    return new SlurmCluster(folder);
  }

  /** Runs a shell command in which Slurm is this one; `"$@"` are the further words. */
  async shell(command: string, ...words: string[]): Promise<Ended> {
    return await runShell(`export SLURM_CONF="$1"/slurm.conf && shift && ${command}`, this.#folder, ...words);
  }

  /** Runs the program as a user does, from the project's folder. */
  async run(...args: string[]): Promise<Ended> {
    return await this.shell('cd "$1" && shift && exec ./run "$@" 2>&1', PROJECT, ...args);
  }

  /** @param path what the node of a blind daemon does not see */
  async daemon(action: "begin" | "blind" | "kill", who: "n1" | "n2" | "controller", path = ""): Promise<void> {
    const { code, err } = await runShell('sh "$1" "$2" "$3" "$4" "$5"', CLUSTER, action, this.#folder, who, path);
    if (code !== 0) throw new Error(`Cannot ${action} ${who}: ${err}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runShell('sh "$1" stop "$2"', CLUSTER, this.#folder);
  }
}

/** The texts of files, by their paths. */
export type Files = Readonly<Record<string, string>>;

export function assertSameFiles(found: Files, wanted: Files): void {
  assertEquals(Object.keys(found).sort(), Object.keys(wanted).sort());
  for (const [path, text] of Object.entries(wanted)) assert(found[path] === text, `${path} differs`);
}

/** Waits until something is so. @throws where it is not after so many seconds */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, seconds = 240): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!await isSo()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Every file of the results of a profile but provenance, by its path. */
export function resultFiles(folder: string, under = "smoke"): Files {
  const files: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${under}`)) {
    const path = `${under}/${name}`;
    if (isDirectory) Object.assign(files, resultFiles(folder, path));
    else if (name !== "provenance.json") files[path] = Deno.readTextFileSync(`${folder}/${path}`);
  }
  return files;
}

/** How often each shared thing was begun, by the provenance of an experiment. */
export function begunIn(folder: string, experiment: string): Record<string, number> {
  const { shared } = JSON.parse(Deno.readTextFileSync(`${folder}/smoke/${experiment}/provenance.json`));
  return Object.fromEntries(
    Object.entries<{ begun: number }>(shared).map(([name, { begun }]) => [name, begun]),
  );
}

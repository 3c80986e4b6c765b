import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";

/** Where a folder lies in the git repository around it. */
export interface GitRepository {
  /** The folder of the working tree. */
  readonly root: string;
  /** The folder that was asked about, from the root: empty or ending in `/`. */
  readonly prefix: string;
  /** Whether history was cut off when it was fetched. */
  readonly isShallow: boolean;
}

/** The repository that a folder lies in. @throws {InputError} if there is none, it is another user's, or there is no git */
export async function findRepository(folder: string): Promise<GitRepository> {
  const asked = ["--show-toplevel", "--show-prefix", "--is-shallow-repository"];
  const { success, out, refusal } = await git(folder, ["rev-parse", ...asked]);
  const [root, prefix, shallow] = decode(out).split("\n");
  if (success && root !== "") return { root, prefix, isShallow: shallow === "true" };
  throw new InputError(
    `${folder} is not in a git repository with files (${refusal}); name two folders, as in ./run diff ./a ./b`,
  );
}

/** The commit that a revision names, as git knows them: `HEAD~1`, `main`, `1e09da1`, a tag; undefined if it names none. */
export async function findCommit({ root }: GitRepository, revision: string): Promise<string | undefined> {
  // An option is no revision, and git has no way to say so to all of its versions.
  if (revision.startsWith("-") || revision === "") return undefined;
  const { success, out } = await git(root, ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`]);
  return success ? decode(out).trim() : undefined;
}

/**
 * The files of a commit below some paths, and the ids of their content; links and submodules left out.
 *
 * @param paths files and folders, from the root; none for all
 */
export async function listFiles({ root }: GitRepository, commit: string, paths: readonly string[]) {
  const { success, out, refusal } = await git(root, ["ls-tree", "-r", "-z", "--full-tree", commit, "--", ...paths]);
  if (!success) throw new InputError(`git cannot list the files of ${commit}: ${refusal}`);
  const ids = new Map<string, string>();
  for (const entry of decode(out).split("\0")) {
    const [, id, path] = /^100\d+ blob (\w+)\t(.+)$/s.exec(entry) ?? [];
    if (path !== undefined) ids.set(path, id);
  }
  return ids;
}

/** What is stored under each id, read by one process. @throws {InputError} if a clone lacks one */
export async function readBlobs({ root }: GitRepository, ids: Iterable<string>): Promise<Map<string, Uint8Array>> {
  const wanted = [...new Set(ids)];
  const blobs = new Map<string, Uint8Array>();
  if (wanted.length === 0) return blobs;
  const { out, refusal } = await git(root, ["cat-file", "--batch"], wanted.map((id) => `${id}\n`).join(""));
  let at = 0;
  for (const id of wanted) {
    const end = out.indexOf(LINE_FEED, at);
    const [, size] = /^\w+ blob (\d+)$/.exec(decode(out.subarray(at, Math.max(at, end)))) ?? [];
    if (size === undefined) throw new InputError(`git cannot read ${id}: ${refusal || "it is not in this clone"}`);
    blobs.set(id, out.subarray(end + 1, end + 1 + Number(size)));
    at = end + 2 + Number(size);
  }
  return blobs;
}

/** The commit that the code is of, and whether it has been changed since. */
export interface CodeVersion {
  readonly commit: string;
  readonly dirty: boolean | "unknown";
  /** Why the commit is not known, in a line for people. */
  readonly unknown?: string;
}

/** What a repository that is the project's own holds, where the project is: one around a copy of it does not. */
const OWN_FILES = ["deno.json", "experiments/main.ts"];

/** Which commit the project in a folder is of, results apart. A repository around it that does not hold it says nothing of it. */
export async function codeVersion(folder = "."): Promise<CodeVersion> {
  const unknown = (why: string): CodeVersion => {
    const message = `git knows no commit of this code, which is recorded as unknown: ${why}`;
    return { commit: "unknown", dirty: "unknown", unknown: message };
  };
  try {
    const status = await git(folder, ["status", "--porcelain=v2", "--branch", "--", ".", ":(exclude)results"]);
    if (!status.success) return unknown(status.refusal);
    const own = await git(folder, ["ls-files", "--error-unmatch", "--", ...OWN_FILES]);
    if (!own.success) return unknown("the repository around it does not hold the project's files");
    const text = decode(status.out);
    const [, commit] = /^# branch\.oid ([0-9a-f]+)$/m.exec(text) ?? [];
    return commit === undefined ? unknown("nothing is committed yet") : { commit, dirty: /^[^#\n]/m.test(text) };
  } catch (error) {
    if (error instanceof InputError) return unknown(error.message);
    throw error;
  }
}

const LINE_FEED = 10;

/**
 * What git gets of the environment: where its configuration is, and whose files it may read. Never a `GIT_…`: those of a hook, say,
 * name the repository, index or work tree of the command that runs it, whatever folder is asked about.
 */
const KEPT_VARIABLES = ["HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SUDO_UID", "PATH", "SystemRoot"];

interface GitOutput {
  readonly success: boolean;
  readonly out: Uint8Array;
  /** What it says is wrong, in a line, and what to do where that is known. */
  readonly refusal: string;
}

/** @throws {InputError} if there is no git */
async function git(folder: string, args: readonly string[], input?: string): Promise<GitOutput> {
  const kept = KEPT_VARIABLES.map((name) => [name, Deno.env.get(name)]).filter(([, value]) => value !== undefined);
  try {
    const child = new Deno.Command("git", {
      args: ["--no-optional-locks", "-C", folder, ...args],
      clearEnv: true,
      // Messages that are read here, in English.
      env: { ...Object.fromEntries(kept), LC_ALL: "C" },
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [{ success, stdout, stderr }] = await Promise.all([
      child.output(),
      input === undefined ? undefined : write(child, input),
    ]);
    return { success, out: stdout, refusal: refusalIn(decode(stderr)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError("git is not installed, or not on PATH; install it, or name two folders");
    }
    throw error;
  }
}

/** The first line of what git complains of; of a repository of another user's the remedy, which git gives further below. */
function refusalIn(stderr: string): string {
  const [remedy] = /git config --global --add safe\.directory .+/.exec(stderr) ?? [];
  if (remedy !== undefined) return `the repository around it belongs to another user; if you trust it, run ${remedy}`;
  return excerpt(stderr.split("\n")[0].replace(/^fatal: /, ""), 300);
}

async function write(child: Deno.ChildProcess, text: string): Promise<void> {
  const writer = child.stdin.getWriter();
  // A process that ends early says why by itself.
  await writer.write(new TextEncoder().encode(text)).catch(() => {});
  await writer.close().catch(() => {});
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

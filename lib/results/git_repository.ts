import { InputError } from "#lib/errors.ts";

/** Where a folder lies in the git repository around it. */
export interface GitRepository {
  /** The folder of the working tree. */
  readonly root: string;
  /** The folder that was asked about, from the root: empty or ending in `/`. */
  readonly prefix: string;
  /** Whether history was cut off when it was fetched. */
  readonly isShallow: boolean;
}

/**
 * The repository that a folder lies in.
 *
 * @throws {InputError} if there is none, or no git
 */
export async function findRepository(folder: string): Promise<GitRepository> {
  const { success, stdout, stderr } = await git(folder, [
    ...["rev-parse", "--show-toplevel", "--show-prefix", "--is-shallow-repository"],
  ]);
  const [root, prefix, shallow] = decode(stdout).split("\n");
  if (success && root !== "") return { root, prefix, isShallow: shallow === "true" };
  throw new InputError(
    `${folder} is not in a git repository with files (${
      firstLine(stderr)
    }); name two folders, as in ./run diff ./a ./b`,
  );
}

/** The commit that a revision names, as git knows them: `HEAD~1`, `main`, `1e09da1`, a tag; undefined if it names none. */
export async function findCommit({ root }: GitRepository, revision: string): Promise<string | undefined> {
  // An option is no revision, and git has no way to say so to all of its versions.
  if (revision.startsWith("-") || revision === "") return undefined;
  const { success, stdout } = await git(root, ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`]);
  return success ? decode(stdout).trim() : undefined;
}

/**
 * The files of a commit below some paths, and the ids of their content; links and submodules left out.
 *
 * @param paths files and folders, from the root; none for all
 */
export async function listFiles({ root }: GitRepository, commit: string, paths: readonly string[]) {
  const { success, stdout, stderr } = await git(root, ["ls-tree", "-r", "-z", "--full-tree", commit, "--", ...paths]);
  if (!success) throw new InputError(`git cannot list the files of ${commit}: ${firstLine(stderr)}`);
  const ids = new Map<string, string>();
  for (const entry of decode(stdout).split("\0")) {
    const [, id, path] = /^100\d+ blob (\w+)\t(.+)$/s.exec(entry) ?? [];
    if (path !== undefined) ids.set(path, id);
  }
  return ids;
}

/**
 * What is stored under each id, read by one process.
 *
 * @throws {InputError} if one is not there, as in a clone without all content
 */
export async function readBlobs({ root }: GitRepository, ids: Iterable<string>): Promise<Map<string, Uint8Array>> {
  const wanted = [...new Set(ids)];
  const blobs = new Map<string, Uint8Array>();
  if (wanted.length === 0) return blobs;
  const { stdout, stderr } = await git(root, ["cat-file", "--batch"], wanted.map((id) => `${id}\n`).join(""));
  let at = 0;
  for (const id of wanted) {
    const end = stdout.indexOf(LINE_FEED, at);
    const [, size] = /^\w+ blob (\d+)$/.exec(decode(stdout.subarray(at, Math.max(at, end)))) ?? [];
    if (size === undefined) {
      throw new InputError(`git cannot read ${id}: ${firstLine(stderr) || "it is not in this clone"}`);
    }
    blobs.set(id, stdout.subarray(end + 1, end + 1 + Number(size)));
    at = end + 2 + Number(size);
  }
  return blobs;
}

/** The id that git gives to a content, in the kind of hash that another id has, SHA-1 without one: the content is the same if the ids are. */
export async function blobIdLike(id: string | undefined, content: Uint8Array): Promise<string> {
  const header = new TextEncoder().encode(`blob ${content.length}\0`);
  const whole = new Uint8Array(header.length + content.length);
  whole.set(header);
  whole.set(content, header.length);
  const hash = await crypto.subtle.digest(id?.length === SHA256_LENGTH ? "SHA-256" : "SHA-1", whole);
  return new Uint8Array(hash).toHex();
}

const LINE_FEED = 10;
/** In hexadecimal digits. */
const SHA256_LENGTH = 64;

async function git(folder: string, args: readonly string[], input?: string) {
  try {
    const child = new Deno.Command("git", {
      args: ["-C", folder, ...args],
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [output] = await Promise.all([child.output(), input === undefined ? undefined : write(child, input)]);
    return output;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError("git is not installed, or not on PATH; install it, or name two folders");
    }
    throw error;
  }
}

async function write(child: Deno.ChildProcess, text: string): Promise<void> {
  const writer = child.stdin.getWriter();
  // A process that ends early tells why by itself.
  await writer.write(new TextEncoder().encode(text)).catch(() => {});
  await writer.close().catch(() => {});
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function firstLine(bytes: Uint8Array): string {
  return decode(bytes).split("\n")[0].replace(/^fatal: /, "");
}

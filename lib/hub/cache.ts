import { InputError } from "#lib/errors.ts";
import { FileLock } from "#lib/results/file_lock.ts";
import { isFile, readTextIfThere, storageErrorOf, writeIfChanged } from "#lib/results/storage.ts";
import type { RemoteFile } from "./client.ts";
import { CACHE_PLACE } from "./settings.ts";
import { repositoryFolder } from "./places.ts";
import { type HubReference, isCommit } from "./reference.ts";

/**
 * A repository in the cache that Python's huggingface_hub has as well: `blobs/` by digest, `snapshots/COMMIT/` with links to them,
 * `refs/` with the commits of branches and tags, `.no_exist/COMMIT/` with names that are known not to be there.
 */
export class CachedRepository {
  readonly folder: string;
  readonly #locks: string;

  constructor(cacheFolder: string, repository: string) {
    this.folder = repositoryFolder(cacheFolder, repository);
    this.#locks = repositoryFolder(`${cacheFolder}/.locks`, repository);
  }

  snapshot(commit: string): string {
    return `${this.folder}/snapshots/${commit}`;
  }

  blob(digest: string): string {
    return `${this.folder}/blobs/${digest}`;
  }

  /** The lock's file of a blob, which huggingface_hub takes too. */
  lockOf(digest: string): string {
    return `${this.#locks}/${digest}.lock`;
  }

  /** The commit that a revision was when it was fetched last. */
  async commitOf({ revision }: HubReference): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const commit = (await readTextIfThere(`${this.folder}/refs/${revision}`, CACHE_PLACE))?.trim();
    return commit !== undefined && isCommit(commit) ? commit : undefined;
  }

  /** The names in a snapshot whose files are there, with `/` where they lie in folders. */
  namesAt(commit: string): string[] {
    return filesBelow(this.snapshot(commit));
  }

  /** The names that are known not to be in a commit. */
  missingAt(commit: string): string[] {
    return namesIn(`${this.folder}/.no_exist/${commit}`);
  }

  /**
   * Records that a revision is this commit, and which names it does not have. Nothing is written where that is known already: the cache
   * may be read-only.
   */
  async record(reference: HubReference, commit: string, missing: readonly string[], stop: AbortSignal): Promise<void> {
    const known = this.missingAt(commit);
    const isKnown = await this.commitOf(reference) === commit && missing.every((name) => known.includes(name));
    if (isKnown) return;
    // One file has one writer at a time.
    using _ = await FileLock.acquire(this.lockOf("record"), stop, CACHE_PLACE);
    for (const name of missing) {
      await writeIfChanged(`${this.folder}/.no_exist/${commit}/${name}`, "", CACHE_PLACE);
    }
    const { revision } = reference;
    if (revision !== commit) await writeIfChanged(`${this.folder}/refs/${revision}`, commit, CACHE_PLACE);
  }

  /** Whether a snapshot has a file, as far as its size and the name of its blob tell. */
  async has(commit: string, { name, size, digest }: RemoteFile): Promise<boolean> {
    const path = `${this.snapshot(commit)}/${name}`;
    const target = await Deno.readLink(path).catch(() => undefined);
    return sizeOf(path) === size && (target === undefined || target.split(/[\\/]/).at(-1) === digest);
  }

  /** Gives a blob its name in a snapshot: by a link, or where the system has none by a second name or a copy. */
  async link(commit: string, file: RemoteFile): Promise<void> {
    const { name, digest } = file;
    const path = `${this.snapshot(commit)}/${name}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    try {
      await Deno.mkdir(folder, { recursive: true });
      await this.expectInside(folder);
      // Another process may have done it since it was looked at.
      if (await this.has(commit, file)) return;
      await Deno.remove(path).catch(() => {});
      const target = `${"../".repeat(name.split("/").length + 1)}blobs/${digest}`;
      if (await makeLink(target, path) || await this.has(commit, file)) return;
      await Deno.link(this.blob(digest), path).catch(() => Deno.copyFile(this.blob(digest), path));
    } catch (error) {
      throw await storageErrorOf(error, path, "written", CACHE_PLACE);
    }
  }

  /** @throws {InputError} where a link leads a folder of the repository elsewhere: nothing is written there */
  async expectInside(folder: string): Promise<void> {
    const [inside, whole] = await Promise.all([Deno.realPath(folder), Deno.realPath(this.folder)]);
    if (inside !== whole && !inside.startsWith(`${whole}/`) && !inside.startsWith(`${whole}\\`)) {
      throw new InputError(`${folder}: a link leads it to ${inside}, outside the repository's folder; remove the link`);
    }
  }
}

/** The bytes of a file; undefined where there is none. */
export function sizeOf(path: string): number | undefined {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : undefined;
  } catch {
    return undefined;
  }
}

/** Deno itself makes a link only with the right to write everywhere, which this program does not have. */
async function makeLink(target: string, path: string): Promise<boolean> {
  if (Deno.build.os === "windows") return false;
  try {
    return (await new Deno.Command("ln", { args: ["-s", target, path], stdout: "null", stderr: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Links to folders are not followed: no snapshot has one. */
function filesBelow(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (isFile(path)) return [name];
    return Deno.lstatSync(path).isDirectory ? filesBelow(path).map((below) => `${name}/${below}`) : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { CachedRepository } from "./cache.ts";
import { whyNoData } from "./data_files.ts";
import { fetchLine, ifNotFound, type LocateOptions } from "./locate.ts";
import { splitDataReference } from "./places.ts";
import { parseReference } from "./reference.ts";
import { placesOf } from "./settings.ts";

/** Where data is. */
export interface LocatedData {
  readonly path: string;
  /** Of a data set from the hub: for provenance, which names the commit and never a branch. */
  readonly hub?: { readonly repository: string; readonly commit: string };
}

/**
 * Finds data: a file or a folder of that path, or `ORG/NAME[@REVISION]`, which may have `datasets/` before it, in the cache of the hub. It
 * asks no server. A word that is neither is returned as a path: who reads it says that it is not there.
 *
 * @throws {InputError} for a data set that is not in the cache; the message has the `./run fetch` line that brings it
 */
export async function locateData(
  word: string,
  { caller, env = Deno.env.get }: LocateOptions = {},
): Promise<LocatedData> {
  const isAbsolute = /^([/\\]|[A-Za-z]:[\\/])/.test(word);
  const path = isAbsolute || caller === undefined ? word : `${caller}/${word}`;
  const [repository, revision] = splitDataReference(word) ?? [];
  const found = await Deno.stat(path).catch((error) => ifNotFound(error, true));
  if (found !== undefined || repository === undefined) return { path };
  const reference = parseReference(revision === undefined ? repository : `${repository}@${revision}`);
  const { cacheFolder } = placesOf(env, caller ?? Deno.cwd());
  const cached = new CachedRepository(cacheFolder, repository);
  const commit = await cached.commitOf(reference);
  const names = commit === undefined ? [] : cached.namesAt(commit);
  if (commit === undefined || names.length === 0) {
    throw new InputError(
      `${excerpt(word)}: no file or folder, and no data set in ${cacheFolder}; ${fetchLine(reference)} brings it`,
    );
  }
  const problem = whyNoData(names);
  if (problem !== undefined) {
    throw new InputError(
      `${excerpt(word)}: in ${cacheFolder} it has ${problem}; ${fetchLine(reference)} brings what is missing`,
    );
  }
  return { path: cached.snapshot(commit), hub: { repository, commit } };
}

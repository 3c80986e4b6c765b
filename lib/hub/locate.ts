import { InputError } from "#lib/errors.ts";
import { isFile } from "#lib/results/storage.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { CachedRepository } from "./cache.ts";
import { shardsOf, whyNoModel } from "./needed_files.ts";
import { splitReference } from "./places.ts";
import { formatReference, type HubReference, parseReference } from "./reference.ts";
import { placesOf } from "./settings.ts";

/** Where the files of a model are. */
export interface LocatedModel {
  readonly folder: string;
  /** Of a model from the hub: for provenance, which names the commit and never a branch. */
  readonly hub?: { readonly repository: string; readonly commit: string };
  /** Of an adapter, where a person says which model it changes. */
  readonly base?: LocatedModel;
}

export interface LocateOptions {
  /** Where relative paths start, if that is not the working directory. */
  readonly caller?: string;
  readonly env?: (name: string) => string | undefined;
}

/**
 * Finds a model: a folder of that path, or `ORG/NAME[@REVISION]` in the cache of the hub. It asks no server.
 *
 * @throws {InputError} where it is neither, or not whole in the cache; the message has the `./run fetch` line that mends it
 */
export async function locate(word: string, { caller, env = Deno.env.get }: LocateOptions = {}): Promise<LocatedModel> {
  const isAbsolute = /^([/\\]|[A-Za-z]:[\\/])/.test(word);
  const path = isAbsolute || caller === undefined ? word : `${caller}/${word}`;
  const isReference = splitReference(word) !== undefined;
  const found = await Deno.stat(path).catch((error) => ifNotFound(error, isReference));
  if (found?.isDirectory) return { folder: path };
  if (found) throw new InputError(`${excerpt(word)}: a file; name the folder that it is in, or a model of the hub`);
  if (!isReference && /^[.~/\\]|[/\\].*[/\\]|[/\\]$/.test(word)) {
    throw new InputError(`${excerpt(word)}: no such folder; name one, or a model of the hub as ORG/NAME`);
  }
  const reference = parseReference(word);
  const { cacheFolder } = placesOf(env, caller ?? Deno.cwd());
  const repository = new CachedRepository(cacheFolder, reference.repository);
  const commit = await repository.commitOf(reference);
  const names = commit === undefined ? [] : repository.namesAt(commit);
  if (commit === undefined || names.length === 0) {
    throw new InputError(`${excerpt(word)}: no folder, and not in ${cacheFolder}; ${fetchLine(reference)} brings it`);
  }
  const folder = repository.snapshot(commit);
  const problem = await whatLacks(folder, names);
  if (problem === undefined) return { folder, hub: { repository: reference.repository, commit } };
  throw new InputError(
    `${excerpt(word)}: in ${cacheFolder} it has ${problem}; ${fetchLine(reference)} brings what is missing`,
  );
}

/**
 * What a folder lacks of being a model, as in "no config.json"; undefined where it lacks nothing.
 *
 * @param names of its files
 */
export async function whatLacks(folder: string, names: readonly string[]): Promise<string | undefined> {
  const reason = whyNoModel(names);
  if (reason !== undefined) return reason;
  for (const index of names.filter((name) => /\.(safetensors|bin)\.index\.json$/.test(name))) {
    if (isFile(`${folder}/${index.replace(/\.index\.json$/, "")}`)) continue;
    const shards = shardsOf(await readTextStrictly(`${folder}/${index}`));
    if (shards === undefined) return `an ${index} that names no shards`;
    const missing = shards.find((shard) => !names.includes(shard));
    if (missing !== undefined) return `no ${excerpt(missing)}, which ${index} names`;
  }
  return undefined;
}

/** The command that brings what is not in the cache. */
export function fetchLine(reference: HubReference): string {
  return shellCommand(["fetch", formatReference(reference)]);
}

/** @throws what a path cannot be looked at for, but for its not being there, or not being granted where it may be a name of the hub */
export function ifNotFound(error: unknown, isReference: boolean): undefined {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
  // What is not granted may be a model of the hub, which then has no folder of its name. Any other path is one that may not be read.
  if (error instanceof Deno.errors.NotCapable && isReference) return undefined;
  throw error;
}

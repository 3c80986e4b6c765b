import { InputError } from "#lib/errors.ts";
import { storageErrorOf } from "#lib/results/storage.ts";
import { CachedRepository, sizeOf } from "./cache.ts";
import { HubClient, type Listing, type RemoteFile } from "./client.ts";
import { contentsOf } from "./contents.ts";
import { downloadBlob, type DownloadWatcher, incompleteOf } from "./download.ts";
import { expectRoom, freeBytes } from "./free_space.ts";
import { formatReference, type HubReference, isCommit } from "./reference.ts";
import { type RequestOptions, Requests, UnreachableError } from "./requests.ts";
import { CACHE_PLACE, type HubSettings } from "./settings.ts";

/** A file that a model or a data set needs, and how much of it is here. */
export interface NeededFile extends RemoteFile {
  /** Of its bytes, in the cache. */
  readonly present: number;
  /** Whether the snapshot has it. */
  readonly isLinked: boolean;
}

/** What a model or a data set needs of the hub, before anything is fetched. */
export interface FetchPlan {
  readonly reference: HubReference;
  readonly commit: string;
  /** The snapshot, as it will be. */
  readonly folder: string;
  readonly files: readonly NeededFile[];
  /** What the repository holds besides; the size is undefined where the hub does not tell it. */
  readonly leftOut: readonly { readonly name: string; readonly size?: number }[];
  /** Of the disk, where that can be known. */
  readonly free: number | undefined;
  /** Whether the hub was asked; otherwise it is what the cache has. */
  readonly isListed: boolean;
}

export interface FetchOptions extends Omit<RequestOptions, "settings"> {
  readonly settings: HubSettings;
  readonly freeBytes?: (folder: string) => Promise<number | undefined>;
}

/** Brings models and data sets from the hub into the cache that Python's huggingface_hub has as well. */
export class ModelFetcher {
  readonly #options: FetchOptions;
  readonly #requests: Requests;
  readonly #client: HubClient;

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#requests = new Requests(options);
    this.#client = new HubClient(options.settings, this.#requests);
  }

  /**
   * What is to be fetched. A pinned commit that is whole in the cache asks nobody; where the hub cannot be reached, or is not to be, a
   * whole model of the cache is taken as it is.
   *
   * @throws {InputError} one line: no such model, no access, no weights that can be read, not in the cache and no way to the hub, …
   */
  async plan(reference: HubReference): Promise<FetchPlan> {
    const { settings, say } = this.#options;
    const repository = new CachedRepository(settings.cacheFolder, reference.repository);
    if (settings.offline) return await this.#cached(reference, repository, "HF_HUB_OFFLINE is set");
    if (isCommit(reference.revision) && await isKnownWhole(repository, reference)) {
      return await this.#cached(reference, repository, "");
    }
    try {
      return await this.#listed(reference, repository, await this.#client.list(reference));
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      const plan = await this.#cached(reference, repository, `${settings.endpoint} gives nothing: ${error.reason}`);
      say(`${error.message}; the cache has commit ${plan.commit.slice(0, 12)}, which is taken`);
      return plan;
    }
  }

  /** Fetches what a plan lacks, checks it, and gives it its place in the cache. @returns the bytes that were fetched */
  async fetch(plan: FetchPlan, watcher: DownloadWatcher): Promise<number> {
    const { reference, commit, files } = plan;
    const repository = new CachedRepository(this.#options.settings.cacheFolder, reference.repository);
    const lacking = files.filter(({ isLinked }) => !isLinked);
    if (lacking.length > 0) await this.#makeCache();
    const free = plan.free ?? await this.#free();
    expectRoom(repository.folder, lacking.reduce((sum, { size, present }) => sum + size - present, 0), free);
    const context = { client: this.#client, requests: this.#requests, repository, reference, commit };
    let all = 0;
    for (const file of lacking) {
      let ofFile = 0;
      const progress: DownloadWatcher["progress"] = (of, bytes, fetched) =>
        watcher.progress(of, bytes, ofFile = fetched);
      await downloadBlob(file, { ...context, watcher: { say: watcher.say, progress } });
      all += ofFile;
    }
    // The snapshot gets its files when all are here: of a data set nobody could tell a part from the whole.
    for (const file of lacking) await repository.link(commit, file);
    const problem = await contentsOf(reference).lacks(plan.folder, repository.namesAt(commit));
    if (problem !== undefined) throw new InputError(`${formatReference(reference)}: the repository has ${problem}`);
    if (plan.isListed) await this.#record(plan, repository);
    return all;
  }

  /** What the cache is to know of what is whole. */
  async #record({ reference, commit, files, leftOut }: FetchPlan, repository: CachedRepository): Promise<void> {
    const there = new Set([...files, ...leftOut].map(({ name }) => name));
    const missing = contentsOf(reference).knownNames.filter((name) => !there.has(name));
    await repository.record(reference, commit, missing, this.#requests.stop);
  }

  async #listed(reference: HubReference, repository: CachedRepository, { commit, files }: Listing): Promise<FetchPlan> {
    const names = files.map(({ name }) => name);
    const contents = contentsOf(reference);
    const what = contents.whyNone(names);
    if (what !== undefined) throw new InputError(`${formatReference(reference)}: the repository has ${what}`);
    const { needed, leftOut } = contents.select(names);
    const taken: NeededFile[] = [];
    for (const listed of files.filter(({ name }) => needed.includes(name))) {
      const file = await this.#client.describe(reference, commit, listed);
      const isLinked = await repository.has(commit, file);
      const present = isLinked || sizeOf(repository.blob(file.digest)) === file.size
        ? file.size
        : Math.min(file.size, sizeOf(incompleteOf(repository, file)) ?? 0);
      taken.push({ ...file, present, isLinked });
    }
    return {
      ...{ reference, commit, folder: repository.snapshot(commit), files: taken },
      leftOut: files.filter(({ name }) => leftOut.includes(name)),
      free: await this.#free(),
      isListed: true,
    };
  }

  /** A model or a data set that is whole in the cache. @param why the hub is not asked */
  async #cached(reference: HubReference, repository: CachedRepository, why: string): Promise<FetchPlan> {
    const { cacheFolder } = this.#options.settings;
    const commit = await repository.commitOf(reference);
    const names = commit === undefined ? [] : repository.namesAt(commit);
    if (commit === undefined || names.length === 0) {
      throw new InputError(`${formatReference(reference)}: not in ${cacheFolder}, and ${why}`);
    }
    const folder = repository.snapshot(commit);
    const contents = contentsOf(reference);
    const problem = await contents.lacks(folder, names);
    if (problem !== undefined) {
      throw new InputError(`${formatReference(reference)}: in ${cacheFolder} it has ${problem}, and ${why}`);
    }
    const { needed } = contents.select(names);
    const files = needed.map((name) => {
      const size = sizeOf(`${folder}/${name}`)!;
      return { name, size, digest: "", present: size, isLinked: true };
    });
    return { reference, commit, folder, files, leftOut: [], free: await this.#free(), isListed: false };
  }

  /** Before the first fetch there is none, and what is free on its disk is not known. */
  async #makeCache(): Promise<void> {
    const { cacheFolder } = this.#options.settings;
    try {
      await Deno.mkdir(cacheFolder, { recursive: true });
    } catch (error) {
      throw await storageErrorOf(error, cacheFolder, "written", CACHE_PLACE);
    }
  }

  async #free(): Promise<number | undefined> {
    return await (this.#options.freeBytes ?? freeBytes)(this.#options.settings.cacheFolder);
  }
}

/** Whether a snapshot has all that the repository has of what is needed, which only a whole fetch records. */
async function isKnownWhole(repository: CachedRepository, reference: HubReference): Promise<boolean> {
  const commit = reference.revision;
  const [names, contents] = [repository.namesAt(commit), contentsOf(reference)];
  return contents.isDecided(names, repository.missingAt(commit)) &&
    await contents.lacks(repository.snapshot(commit), names) === undefined;
}

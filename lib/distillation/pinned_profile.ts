import type { Profile } from "#lib/bench/profile.ts";
import { InputError } from "#lib/errors.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { locateData } from "#lib/hub/locate_data.ts";
import { splitAdapter, splitReference } from "#lib/hub/places.ts";
import { type FileSource, sourceOf } from "#lib/models/model_folder.ts";
import { isFile } from "#lib/results/storage.ts";
import { identityOf, locateStart } from "./starting_model.ts";

/** A checkpoint or a file of data that a profile names, and whether it is here. */
export interface NamedThing {
  /** The setting that names it, as in `teacher.checkpoint`. */
  readonly setting: string;
  readonly kind: "model" | "data";
  /** As the profile names it. */
  readonly word: string;
  /** What stands for it in the pinned profile: a commit or a digest; the name itself where it is not here. */
  readonly pin: string;
  /** What brings it by `./run fetch`, where that helps; none of a folder. */
  readonly references: readonly string[];
  /** Where it is; undefined where it is not here, which `problem` says. */
  readonly path?: string;
  readonly problem?: string;
}

/** A profile by what its names stand for now. */
export interface PinnedProfile {
  /** Names are commits, or digests of files; those that are not here stay as they were. */
  readonly profile: Profile;
  readonly named: readonly NamedThing[];
}

export interface PinOptions {
  /** Where relative paths start. */
  readonly caller?: string;
  /** Whether data of the hub is left out, since other data takes its place (`--data`). */
  readonly hasOtherData?: boolean;
}

/**
 * Finds the checkpoints and the data sets of the hub that a profile names, and puts in the place of each name what decides its numbers: the
 * commit, or the digest of a folder's files. No server is asked; what is not here is told, not refused.
 */
export async function pinProfile(profile: Profile, options: PinOptions = {}): Promise<PinnedProfile> {
  const pins = new Pins(options);
  const pinned = await pins.of(profile, []) as Profile;
  const { named, places } = pins;
  if (named.length === 0) return { profile, named };
  return { profile: { ...pinned, places }, named };
}

/** A data set of the hub as a profile names it, `ORG/NAME[@REVISION]`, and what of it: a file, a folder, or nothing for all. */
export function splitHubPath(word: string): readonly [dataSet: string, path: string] {
  const [, dataSet, path = ""] = /^([^/]+\/[^/]+)(?:\/(.+))?$/.exec(word) ?? [];
  if (dataSet === undefined) throw new RangeError(`Cannot read ${word} as a data set of the hub`);
  return [dataSet, path];
}

/** The folders that whoever computes has to read of them: in the hub's cache a repository's, as snapshots have links into it. */
export function foldersOf(named: readonly NamedThing[]): string[] {
  return [...new Set(named.flatMap(({ path }) => path === undefined ? [] : path.replace(/\/snapshots\/.*$/, "")))];
}

/** What `./run fetch` brings of what is not here. */
export function missingReferences(named: readonly NamedThing[]): string[] {
  return [...new Set(named.filter(({ problem }) => problem !== undefined).flatMap(({ references }) => references))];
}

/** Things by the repository or folder that they are of: files of one data set are brought together. */
export function byRepository(named: readonly NamedThing[]): Map<string, readonly NamedThing[]> {
  return Map.groupBy(named, ({ kind, word }) => kind === "data" ? splitHubPath(word)[0] : word);
}

class Pins {
  readonly named: NamedThing[] = [];
  readonly places: Record<string, string> = {};
  readonly #options: PinOptions;

  constructor(options: PinOptions) {
    this.#options = options;
  }

  /** A part of a profile with its names pinned, by the settings that hold some. */
  async of(value: unknown, path: readonly string[]): Promise<unknown> {
    const [key, parent] = [path.at(-1), path.at(-2)];
    if (typeof value === "string") {
      if (key === "checkpoint" || parent === "checkpoints") return await this.#model(value, path);
      if (key === "hub" || path.join(".").startsWith("data.files.")) return await this.#data(value, path);
      return value;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    if (path.join(".") === "data.files" && this.#options.hasOtherData) return undefined;
    const entries: [string, unknown][] = [];
    for (const [name, part] of Object.entries(value)) {
      const pinned = await this.of(part, [...path, name]);
      if (pinned !== undefined || part === undefined) entries.push([name, pinned]);
    }
    return Object.fromEntries(entries);
  }

  async #model(word: string, path: readonly string[]): Promise<string> {
    const mayLackWeights = path[0] === "student" || path.includes("checkpoints");
    const references = (splitAdapter(word) ?? [word]).filter((each) => splitReference(each) !== undefined);
    return await this.#thing({ setting: path.join("."), kind: "model", word, references }, async () => {
      const { located } = await locateStart(word, this.#options.caller, { mayLackWeights });
      const source = await sourceOf(located);
      return { path: located.folder, pin: isOfHub(source) ? identityOf({ source }) : this.#folder(word, source) };
    });
  }

  /** The name of a model that lies in a folder: by its files, as that of another one on another machine. */
  #folder(word: string, source: FileSource): string {
    const name = `folder ${identityOf({ source })}`;
    const { caller } = this.#options;
    this.places[name] = word.startsWith("/") || caller === undefined ? word : `${caller}/${word}`;
    return name;
  }

  async #data(word: string, path: readonly string[]): Promise<string | undefined> {
    if (this.#options.hasOtherData) return undefined;
    const [dataSet, part] = splitHubPath(word);
    const thing = { setting: path.join("."), kind: "data" as const, word, references: [`datasets/${dataSet}`] };
    return await this.#thing(thing, async () => {
      const { path: folder, hub } = await locateData(`datasets/${dataSet}`);
      const path = part === "" ? folder : `${folder}/${part}`;
      if (!isFile(path) && !isFolder(path)) {
        throw new InputError(`${dataSet}: it has no ${part}; name another one at ${thing.setting}`);
      }
      // A folder of the same name goes first, and has no commit.
      const pinned = hub === undefined ? dataSet : `${dataSet.replace(/@.*$/, "")}@${hub.commit}`;
      return { path, pin: part === "" ? pinned : `${pinned}/${part}` };
    });
  }

  /** Finds a thing, and notes it. @returns what stands for it */
  async #thing(
    thing: Omit<NamedThing, "pin">,
    find: () => Promise<{ readonly path: string; readonly pin: string }>,
  ): Promise<string> {
    try {
      const { path, pin } = await find();
      this.named.push({ ...thing, pin, path });
      return pin;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { message } = error;
      const references = message.includes("./run fetch") ? thing.references : [];
      this.named.push({ ...thing, pin: thing.word, references, problem: message });
      return thing.word;
    }
  }
}

function isOfHub(source: FileSource): boolean {
  return "hub" in source && (source.base === undefined || isOfHub(source.base));
}

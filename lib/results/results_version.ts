import { InputError } from "#lib/errors.ts";
import { isBeside, profileOf } from "./place.ts";
import { findCommit, findRepository, type GitRepository, listFiles, readBlobs } from "./git_repository.ts";
import { PROVENANCE_FILE, RECORDED_FILES } from "./results_folder.ts";
import { decodeStrictly } from "#lib/text_file.ts";

/** What is compared of the files in `results/<profile>/<experiment>/`; the others are made from them. */
export const COMPARED_FILES = [...RECORDED_FILES, PROVENANCE_FILE] as const;
export type ComparedFile = typeof COMPARED_FILES[number];

/** The profile and experiment that the files of `./run evaluate --out DIR`, which has none, are compared as. */
export const EVALUATION = "evaluate/evaluation";

/** Files beside the results, or above them, that say what the code depends on. */
const PROJECT_FILES = ["deno.json", "deno.lock"];

/** Where a file's content is: under an id in a repository, or on the disk. */
interface StoredFile {
  /** As messages say it: the path on the disk, or `1e09da1:results/tiny/distances/scores.csv`. */
  readonly name: string;
  readonly id?: string;
  readonly repository?: GitRepository;
}

/** The results of a commit, of the working tree or of a folder. Nothing is read yet but the names. */
export interface ResultsVersion {
  /** As in `HEAD (1e09da1)`, `working tree`, or the folder's path. */
  readonly label: string;
  /** Of a commit: its name in full. */
  readonly commit?: string;
  /** By path, as in `tiny/distances/scores.csv`. */
  readonly files: ReadonlyMap<string, StoredFile>;
  /** Of a commit or the working tree: by name, of several in the folders above the results the nearest. */
  readonly projectFiles?: ReadonlyMap<string, StoredFile>;
}

/** A file of two versions that is not the same in both; undefined where one has no such file. */
export interface DifferentFile {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Opens versions of the results that are kept in one folder. */
export class ResultsHistory {
  readonly #results: string;
  #located: Promise<Located> | undefined;

  /** @param results the folder, as it is or was; relative to the working directory */
  constructor(results: string) {
    this.#results = results.replace(/(?<=.)\/+$/, "");
  }

  /**
   * Opens what a revision or a path names: `HEAD~1`, `1e09da1`, `./other`; a path begins with `.` or `/`, or names a folder and no
   * revision.
   *
   * @param resolve makes a path of what the user wrote
   * @throws {InputError} if it names neither, or holds no results
   */
  async open(name: string, resolve: (path: string) => string = (path) => path): Promise<ResultsVersion> {
    if (/^[./]/.test(name)) return await this.openFolder(resolve(name), name);
    const isThere = await isFolder(resolve(name));
    try {
      return await this.openCommit(name);
    } catch (error) {
      if (!isThere || !(error instanceof UnknownRevision)) throw error;
      return await this.openFolder(resolve(name), name);
    }
  }

  /** @throws {InputError} if the folder is not in a repository, the revision unknown, or the commit has no results there */
  async openCommit(revision: string): Promise<ResultsVersion> {
    const { repository, prefix } = await this.#locate();
    const commit = await findCommit(repository, revision);
    if (commit === undefined) throw new UnknownRevision(unknownRevision(revision, repository));
    const short = commit.slice(0, SHORT_HASH);
    const label = commit.startsWith(revision) ? short : `${revision} (${short})`;
    const ofProject = projectPaths(prefix);
    const found = await listFiles(repository, commit, prefix === "" ? [] : [prefix, ...ofProject]);
    const stored = (path: string): StoredFile => ({ name: `${short}:${path}`, id: found.get(path), repository });
    const below = [...found.keys()].filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
    const files = new Map(below.filter(isRecorded).map((path) => [path, stored(prefix + path)]));
    const projectFiles = byName(ofProject.filter((path) => found.has(path)), stored);
    return withResults({ label, commit, files, projectFiles }, `${short}:${prefix}`);
  }

  /** @throws {InputError} if there are no results */
  async openWorkingTree(): Promise<ResultsVersion> {
    const version = await this.openFolder(this.#results, "working tree");
    const located = await this.#locate().catch((error) => {
      if (error instanceof InputError) return undefined;
      throw error;
    });
    if (located === undefined) return version;
    const { repository: { root }, prefix } = located;
    const paths = projectPaths(prefix);
    const found = await Promise.all(paths.map((path) => statOf(`${root}/${path}`)));
    const ofProject = paths.filter((_, i) => found[i]?.isFile);
    return { ...version, projectFiles: byName(ofProject, (path) => ({ name: `${root}/${path}` })) };
  }

  /**
   * Opens results that are kept elsewhere.
   *
   * @throws {InputError} if there are none
   */
  async openFolder(folder: string, label: string): Promise<ResultsVersion> {
    if (!await isFolder(folder)) throw new InputError(`${folder}: no such folder; ${CONTENT}`);
    const names = await namesIn(folder);
    const files = names.includes("scores.csv")
      ? [
        names.map((name) => [`${EVALUATION}/${name}`, { name: `${folder}/${name}` }] as const)
          .filter(([path]) => isRecorded(path)),
      ]
      : await Promise.all(names.map((profile) => filesOf(profile, `${folder}/${profile}`)));
    return withResults({ label, files: new Map(files.flat()) }, `${folder}/`);
  }

  /**
   * Opens this machine's results beside recorded ones, `tiny@nvidia-h100-3fa2b1`, as results of the profile.
   *
   * @throws {InputError} if there are none
   */
  async openBeside(profileFolder: string): Promise<ResultsVersion> {
    const folder = `${this.#results}/${profileFolder}`;
    if (!await isFolder(folder)) throw new InputError(`${folder}: no such folder; ./run reproduce makes those beside`);
    const files = new Map(await filesOf(profileOf(profileFolder), folder));
    return withResults({ label: profileFolder, files }, `${folder}/`);
  }

  #locate(): Promise<Located> {
    this.#located ??= locate(this.#results);
    return this.#located;
  }
}

/**
 * Reads the files among `paths` that are not the same in both versions.
 *
 * @param filesOf the files of a version, by path
 * @throws {InputError} with file and line, if one that differs is not UTF-8
 */
export async function readDifferent(
  versions: readonly [ResultsVersion, ResultsVersion],
  paths: Iterable<string>,
  filesOf: (version: ResultsVersion) => ReadonlyMap<string, StoredFile>,
): Promise<Map<string, DifferentFile>> {
  const pairs = [...paths].map((path) => ({ path, files: versions.map((version) => filesOf(version).get(path)) }))
    // Of what git keeps, the ids are enough.
    .filter(({ files: [a, b] }) => a?.id === undefined || a.id !== b?.id);
  const textOf = await readTexts(pairs.flatMap(({ files }) => files.filter((file) => file !== undefined)));
  const texts = pairs.map(({ path, files }) => {
    const [before, after] = files.map((file) => file && textOf(file));
    return [path, { before, after }] as const;
  });
  return new Map(texts.filter(([, { before, after }]) => before !== after));
}

/** Reads what git keeps at once, and what is on the disk. */
async function readTexts(files: readonly StoredFile[]): Promise<(file: StoredFile) => string> {
  const repository = files.find((file) => file.repository)?.repository;
  const blobs = repository && await readBlobs(repository, files.flatMap(({ id }) => id ?? []));
  const onDisk = files.filter(({ id }) => id === undefined)
    .map(async ({ name }) => [name, await Deno.readFile(name)] as const);
  const contents = new Map(await Promise.all(onDisk));
  return ({ name, id }) => decodeStrictly(id === undefined ? contents.get(name)! : blobs!.get(id)!, name);
}

interface Located {
  readonly repository: GitRepository;
  /** Of the results, from the repository's root: empty or ending in `/`. */
  readonly prefix: string;
}

class UnknownRevision extends InputError {}

const SHORT_HASH = 7;
const CONTENT = "results are kept as PROFILE/EXPERIMENT/scores.csv, those of one evaluation as scores.csv";

/** The folder itself may be missing: a commit can have it all the same. */
async function locate(results: string): Promise<Located> {
  let [base, rest] = [results, ""];
  while (!await isFolder(base)) {
    const [, parent = ".", name] = /^(?:(.*)\/)?([^/]+)$/.exec(base) ?? [];
    if (name === undefined || base === ".") break;
    [base, rest] = [parent === "" ? "/" : parent, `${name}/${rest}`];
  }
  const repository = await findRepository(base);
  return { repository, prefix: repository.prefix + rest };
}

/** Where the project's files may be, from the repository's root: above all others first, beside the results last. */
function projectPaths(prefix: string): string[] {
  const folders = prefix.split("/").slice(0, -1);
  return folders.flatMap((_, i) => PROJECT_FILES.map((name) => [...folders.slice(0, i), name].join("/")));
}

/** Files by their names; of several of a name the last. */
function byName(paths: readonly string[], stored: (path: string) => StoredFile): Map<string, StoredFile> {
  return new Map(paths.map((path) => [path.slice(path.lastIndexOf("/") + 1), stored(path)]));
}

/** What begins with a dot is not finished, or something else; what lies beside recorded results is none of them. */
function isRecorded(path: string): boolean {
  const [profile, , name, ...more] = path.split("/");
  return !isBeside(profile) && more.length === 0 && (COMPARED_FILES as readonly string[]).includes(name) &&
    !/(^|\/)\./.test(path);
}

function withResults(version: ResultsVersion, place: string): ResultsVersion {
  if (version.files.size > 0) return version;
  throw new InputError(`${version.label}: no results in ${place}; ${CONTENT}`);
}

function unknownRevision(revision: string, { root, isShallow }: GitRepository): string {
  const unknown = `unknown revision "${revision}"`;
  if (revision.includes("..")) return `${unknown}; two commits are two arguments, as in ./run diff HEAD~1 HEAD`;
  if (isShallow) return `${unknown}: this clone is shallow and may lack the commit; git fetch --unshallow fetches it`;
  return `${unknown}: neither a commit, branch or tag of ${root} nor a folder`;
}

/** The recorded files in a profile's folder. */
async function filesOf(profile: string, folder: string): Promise<(readonly [string, StoredFile])[]> {
  const files = (await namesIn(folder)).map(async (experiment) =>
    (await namesIn(`${folder}/${experiment}`)).map((name) => `${experiment}/${name}`)
  );
  return (await Promise.all(files)).flat().filter((path) => isRecorded(`${profile}/${path}`))
    .map((path) => [`${profile}/${path}`, { name: `${folder}/${path}` }]);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return names.filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory ?? false;
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

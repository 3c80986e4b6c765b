/**
 * Where the hub and its cache are, by the variables that Python's huggingface_hub reads. It imports nothing: `./run` reads it too, to
 * grant these places before the program starts.
 */
export interface HubPlaces {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Where repositories are kept, as in `~/.cache/huggingface/hub`. */
  readonly cacheFolder: string;
  /** Holds the token of a person who has logged in. */
  readonly tokenFile: string;
}

/** The variables, and those that say where a person's folders are. */
export const HUB_VARIABLES: readonly string[] = [
  ...["HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "HF_TOKEN_PATH", "XDG_CACHE_HOME", "HOME", "USERPROFILE"],
];

const DEFAULT_ENDPOINT = "https://huggingface.co";
/** The hosts that the hub, and mirrors of it, redirect to for large files. */
export const FILE_HOSTS: readonly string[] = ["*.hf.co:443", "*.huggingface.co:443"];

/**
 * @param caller where relative paths start
 * @returns undefined where no variable says where a person's folders are
 */
export function hubPlaces(env: (name: string) => string | undefined, caller: string): HubPlaces | undefined {
  const user = env("HOME") || env("USERPROFILE");
  const given = (name: string) => {
    const value = env(name);
    return value ? absolute(value.replace(/^~(?=[/\\]|$)/, user ?? "~"), caller) : undefined;
  };
  const caches = given("XDG_CACHE_HOME") ?? (user && `${trimmed(user)}/.cache`);
  const home = given("HF_HOME") ?? (caches && `${caches}/huggingface`);
  const cacheFolder = given("HF_HUB_CACHE") ?? (home && `${home}/hub`);
  if (!cacheFolder) return undefined;
  return {
    endpoint: trimmed(env("HF_ENDPOINT") || DEFAULT_ENDPOINT),
    cacheFolder,
    tokenFile: given("HF_TOKEN_PATH") ?? `${home || cacheFolder}/token`,
  };
}

/** HOST:PORT of an address; undefined where it is none of http or https that can be read without doubt. */
export function hostOf(url: string): string | undefined {
  const [, scheme, host, port] =
    /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(?:[/?#].*)?$/.exec(url) ?? [];
  return host === undefined ? undefined : `${host.toLowerCase()}:${port ?? (scheme === "https" ? 443 : 80)}`;
}

/** Before the name of a data set, in the hub's addresses as in the names of its cache; a model's has nothing before it. */
const DATA_SETS = "datasets/";

export function isDataSet(repository: string): boolean {
  return repository.startsWith(DATA_SETS);
}

/** The folder of a repository in the cache, by its name there; the repository's own name says nothing else. */
export function repositoryFolder(cacheFolder: string, repository: string): string {
  return `${cacheFolder}/${isDataSet(repository) ? "" : "models--"}${repository.replaceAll("/", "--")}`;
}

/**
 * Whether a word may be a data set of the hub, `ORG/NAME[@REVISION]` with or without `datasets/` before it: then
 * `[datasets/ORG/NAME, revision]`. What looks like a path, or ends as a file of records, is none.
 */
export function splitDataReference(
  word: string,
): readonly [repository: string, revision: string | undefined] | undefined {
  const isNamed = isDataSet(word);
  const parts = splitReference(isNamed ? word.slice(DATA_SETS.length) : word);
  if (parts === undefined || /\.(jsonl?|csv|parquet|tsv|txt)$/.test(parts[0])) return undefined;
  if (!isNamed && !parts[0].includes("/")) return undefined;
  return [`${DATA_SETS}${parts[0]}`, parts[1]];
}

/** Whether a word may be `ORG/NAME[@REVISION]`: then `[repository, revision]`. */
export function splitReference(word: string): readonly [repository: string, revision: string | undefined] | undefined {
  const [, repository, revision] = /^([\w.-]+(?:\/[\w.-]+)?)(?:@(.*))?$/s.exec(word) ?? [];
  if (repository === undefined || !repository.split("/").every(isName)) return undefined;
  return [repository, revision];
}

/** An adapter with its base, `BASE+ADAPTER`; undefined where a word names one model. */
export function splitAdapter(word: string): readonly [base: string, adapter: string] | undefined {
  const [, base, adapter] = /^(.+)\+(.+)$/s.exec(word) ?? [];
  return base === undefined ? undefined : [base, adapter];
}

/** As the hub takes the parts of a name: no two dots or hyphens in a row, none of them first or last. */
function isName(part: string): boolean {
  return /^[A-Za-z0-9_]([\w.-]*[A-Za-z0-9_])?$/.test(part) && !/\.\.|--/.test(part) && part.length <= 96;
}

function trimmed(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

function absolute(path: string, caller: string): string {
  return trimmed(/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path) ? path : `${trimmed(caller)}/${path}`);
}

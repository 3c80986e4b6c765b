/** What the extraction tools of the three task-specific data sets share: reading a package, splitting, writing. */
import { RandomStream } from "#lib/random/random_stream.ts";
import { InputError } from "#lib/errors.ts";
import { decodeStrictly } from "#lib/text_file.ts";
import { compareCodeUnits } from "./wordnet_nouns.ts";

/** One line of a table: what a model reads, and what it shall write. */
export interface Pair {
  readonly source: string;
  readonly target: string;
}

export interface Splits<T = Pair> {
  readonly train: readonly T[];
  readonly validation: readonly T[];
  readonly test: readonly T[];
}

/** Shares of all records. The rest is for training. */
export interface Shares {
  readonly validation: number;
  readonly test: number;
}

/**
 * Divides records by a hash of their key alone, and puts them in an order that looks random but depends on the keys
 * alone too: a record that comes or goes moves no other.
 */
export function splitByHash<T>(records: readonly T[], keyOf: (record: T) => string, shares: Shares): Splits<T> {
  const placed = records.map((record) => {
    const key = keyOf(record);
    const random = new RandomStream(0, key);
    return { record, key, share: random.uniform(), place: random.uniform() };
  });
  placed.sort((a, b) => a.place - b.place || compareCodeUnits(a.key, b.key));
  const between = (from: number, to: number) =>
    placed.filter(({ share }) => share >= from && share < to).map(({ record }) => record);
  const { validation, test } = shares;
  return {
    train: between(validation + test, 1),
    validation: between(0, validation),
    test: between(validation, validation + test),
  };
}

/** The first record of each key. */
export function withoutRepeats<T>(records: readonly T[], keyOf: (record: T) => string): T[] {
  const first = new Map<string, T>();
  for (const record of records) if (!first.has(keyOf(record))) first.set(keyOf(record), record);
  return [...first.values()];
}

/** What makes two sources the same: their letters and digits, in lower case. */
export function sameText(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** A table of tab-separated values under the heads `source` and `target`. */
export function pairTable(pairs: readonly Pair[]): string {
  return ["source\ttarget", ...pairs.map(({ source, target }) => `${source}\t${target}`)].join("\n") + "\n";
}

/** The texts of the files of one task's folder, by file name. */
export function taskFiles(splits: Splits, notice: string): Record<string, string> {
  return {
    "train.tsv": pairTable(splits.train),
    "validation.tsv": pairTable(splits.validation),
    "test.tsv": pairTable(splits.test),
    "LICENSE.txt": notice,
  };
}

/** Reads a file of an installed npm package. @throws {InputError} if it is not there */
export function readPackageFile(nodeModules: string, path: string, expected: string): string {
  try {
    return decodeStrictly(Deno.readFileSync(`${nodeModules}/${path}`), path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`Cannot read ${nodeModules}/${path}: there is no such file; install ${expected}`);
  }
}

/** The main program of an extraction tool: takes the node_modules folder, writes the folder of the task. */
export function runExtraction(tool: string, task: string, extract: (nodeModules: string) => Record<string, string>) {
  const [nodeModules, ...rest] = Deno.args;
  if (nodeModules === undefined || rest.length > 0) {
    console.error(`Usage: ${tool} NODE_MODULES_FOLDER`);
    Deno.exit(2);
  }
  const folder = new URL(`../experiments/tasks/${task}/`, import.meta.url);
  Deno.mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(extract(nodeModules))) Deno.writeTextFileSync(new URL(name, folder), text);
}

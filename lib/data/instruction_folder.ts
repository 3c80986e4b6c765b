import { InputError } from "#lib/errors.ts";
import { INSTRUCTION_SET_NAMES, INSTRUCTION_SETS } from "./instruction_sets.ts";
import { readInstructionFile } from "./json_lines.ts";
import { countLeaks, type EvaluationSet, type InstructionData, type InstructionRecord } from "./records.ts";

export interface InstructionFolderOptions {
  /** At most so many records are for validation. Default 1,000, as in MiniLLM and DistiLLM. */
  readonly validationRecords?: number;
  /** Only the first so many training records are used. Default: all. */
  readonly trainRecords?: number;
  /** Only the first so many records of each evaluation set are used. Default: all. */
  readonly itemsPerSet?: number;
}

/** Where no file is for validation, at most one training record in so many is taken for it. */
const TRAINING_PER_VALIDATION = 10;

/** Words of a file's name that mark an evaluation file; a set takes the files of the first that it has. */
const EVALUATION_WORDS = ["test", "eval", "valid"] as const;

/**
 * Reads instruction-following data from a folder of JSON Lines files (see `readInstructionFile`).
 *
 * **File names** (`*.jsonl`; words are split at anything but letters and digits, upper case is as lower case):
 *
 * | a word of the name | the file is |
 * |---|---|
 * | begins with `train` | training; several are parts, in the order of their names |
 * | `dev`, `validation` | validation |
 * | `valid`, `val` | validation, if the folder has training files and none of `dev` or `validation`; else evaluation |
 * | `test`, `eval` | evaluation |
 * | none of these | evaluation, if its set has no file that is marked so |
 *
 * **Sets.** An evaluation file belongs to the set that its name tells (`dolly`; `self_instruct`, `self-inst`; `vicuna`;
 * `sni`, `sinst`; `unni`, `uinst`), else the folder's name, else to a set named as the file. `user_oriented_instructions`
 * is Self-Instruct's. Of one set, `test` goes before `eval` before `valid`.
 *
 * **Sub-folders** that are named as one of the five sets are read too, others are left alone. Training and validation
 * files come from the folder itself, else from the first of these sub-folders, in the table's order, that has training
 * files. A set that is nowhere is simply not there. Without a validation file, the first training records are taken for
 * validation: `validationRecords`, but not over a tenth of them.
 *
 * @throws {InputError} if the folder is missing or empty, has no training file, or a file is wrong
 */
export async function loadInstructionFolder(
  folder: string,
  options: InstructionFolderOptions = {},
): Promise<InstructionData> {
  const folders = listFolders(folder);
  const evaluation = await readEvaluationSets(folders, options.itemsPerSet);
  const home = folders.find(({ train }) => train.length > 0);
  if (home === undefined) {
    const found = evaluation.length === 0
      ? "no instruction files"
      : `only evaluation sets (${evaluation.map(({ name }) => name).join(", ")})`;
    throw new InputError(
      `Cannot train on ${folder}: it has ${found}; expected train.jsonl or *train*.jsonl there or in its folder dolly`,
    );
  }
  const read = await readFiles(home.train);
  const heldOut = await readFiles(home.validation);
  const { validationRecords = 1000, trainRecords } = options;
  const taken = heldOut.length > 0 ? 0 : Math.min(validationRecords, Math.floor(read.length / TRAINING_PER_VALIDATION));
  const validation = heldOut.length > 0 ? heldOut.slice(0, validationRecords) : read.slice(0, taken);
  const train = read.slice(taken, trainRecords === undefined ? undefined : taken + trainRecords);
  return { train, validation, evaluation, source: folder, leakCounts: countLeaks(train, validation, evaluation) };
}

/**
 * Reads the evaluation sets alone, by the rules of `loadInstructionFolder`, from a folder that needs no training files.
 *
 * @throws {InputError} if the folder is missing or has no evaluation set, or a file is wrong
 */
export async function loadEvaluationSets(
  folder: string,
  { itemsPerSet }: Pick<InstructionFolderOptions, "itemsPerSet"> = {},
): Promise<EvaluationSet[]> {
  const sets = await readEvaluationSets(listFolders(folder), itemsPerSet);
  if (sets.length === 0) throw new InputError(`Cannot evaluate on ${folder}: it has no evaluation file (*.jsonl)`);
  return sets;
}

/** The files of one folder by their role; evaluation files by set. */
interface FolderFiles {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly evaluation: ReadonlyMap<string, readonly string[]>;
}

/** The files of a folder and of its sub-folders that are named as sets, the folder itself first. */
function listFolders(path: string): FolderFiles[] {
  const folder = path.replace(/(?<=.)\/+$/, "");
  const { files, folders } = listNames(folder);
  const own = sortFiles(folder, files);
  const subFolders = INSTRUCTION_SET_NAMES.flatMap((set) => folders.filter((name) => setOfName(name) === set))
    .map((name) => `${folder}/${name}`);
  const all = [own, ...subFolders.map((path) => sortFiles(path, listNames(path).files))];
  if (all.every(({ train, validation, evaluation }) => train.length + validation.length + evaluation.size === 0)) {
    throw new InputError(
      `Cannot read ${folder}: it has no *.jsonl file and none of the folders ${INSTRUCTION_SET_NAMES.join(", ")}` +
        " with one; expected train.jsonl and evaluation files",
    );
  }
  return all;
}

function listNames(folder: string): { files: string[]; folders: string[] } {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`Cannot read ${folder}: there is no such folder`);
    if (error instanceof Deno.errors.NotADirectory) throw new InputError(`Cannot read ${folder}: it is no folder`);
    throw error;
  }
  // Links count as what they point to, so that a folder may be put together of them.
  const isFolder = (entry: Deno.DirEntry) =>
    entry.isDirectory || (entry.isSymlink && Deno.statSync(`${folder}/${entry.name}`).isDirectory);
  const names = (chosen: Deno.DirEntry[]) => chosen.map(({ name }) => name).sort(); // by code units
  return {
    files: names(entries.filter((entry) => entry.name.endsWith(".jsonl") && !isFolder(entry))),
    folders: names(entries.filter(isFolder)),
  };
}

function sortFiles(folder: string, names: readonly string[]): FolderFiles {
  const paths = (chosen: readonly string[]) => chosen.map((name) => `${folder}/${name}`);
  const train = names.filter(isTraining);
  const rest = names.filter((name) => !isTraining(name));
  const dev = rest.filter((name) => hasWord(name, "dev") || hasWord(name, "validation"));
  const valid = rest.filter((name) => isValid(name) && !dev.includes(name));
  const validation = dev.length > 0 || train.length === 0 ? dev : valid;
  const evaluation = new Map<string, string[]>();
  for (const name of rest.filter((name) => !validation.includes(name))) {
    const set = setOfName(name) ?? setOfName(folder.split("/").filter((part) => part !== "").at(-1) ?? "") ??
      name.replace(/\.jsonl$/, "");
    evaluation.set(set, [...evaluation.get(set) ?? [], name]);
  }
  return {
    train: paths(train),
    validation: paths(validation),
    evaluation: new Map(
      Array.from(evaluation, ([set, candidates]) => [set, paths(chooseFiles(folder, set, candidates))]),
    ),
  };
}

/** The files that a set is read from: those with the foremost evaluation word, else the only one. */
function chooseFiles(folder: string, set: string, names: readonly string[]): readonly string[] {
  for (const word of EVALUATION_WORDS) {
    const marked = names.filter((name) => word === "valid" ? isValid(name) : hasWord(name, word));
    if (marked.length > 0) return marked;
  }
  const published = names.filter((name) => hasWord(name, "user_oriented_instructions"));
  if (published.length > 0) return published;
  if (names.length === 1) return names;
  throw new InputError(
    `Cannot choose the file of the evaluation set ${set} in ${folder} among ${names.join(", ")}: ` +
      "put the word test into the name of one, such as test.jsonl",
  );
}

async function readEvaluationSets(folders: readonly FolderFiles[], itemsPerSet?: number): Promise<EvaluationSet[]> {
  const files = new Map<string, readonly string[]>();
  for (const { evaluation } of folders) {
    for (const [set, paths] of evaluation) if (!files.has(set)) files.set(set, paths);
  }
  const known: readonly string[] = INSTRUCTION_SET_NAMES;
  const others = [...files.keys()].filter((set) => !known.includes(set)).sort();
  const sets: EvaluationSet[] = [];
  for (const name of [...known.filter((set) => files.has(set)), ...others]) {
    sets.push({ name, records: (await readFiles(files.get(name)!)).slice(0, itemsPerSet) });
  }
  return sets;
}

async function readFiles(paths: readonly string[]): Promise<InstructionRecord[]> {
  const parts: InstructionRecord[][] = [];
  for (const path of paths) parts.push(await readInstructionFile(path));
  return parts.flat();
}

/** The evaluation set that a name tells, the one with the longest alias where several do. */
function setOfName(name: string): string | undefined {
  const told = Object.entries(INSTRUCTION_SETS).flatMap(([set, { aliases }]) =>
    aliases.filter((alias) => hasWord(name, alias)).map((alias) => ({ set, length: alias.length }))
  );
  return told.sort((a, b) => b.length - a.length)[0]?.set;
}

function isTraining(name: string): boolean {
  return /(^|_)train/.test(words(name));
}

function isValid(name: string): boolean {
  return hasWord(name, "valid") || hasWord(name, "val");
}

/** Whether a name holds a word, or several words in a row joined by `_`. */
function hasWord(name: string, word: string): boolean {
  return `_${words(name)}_`.includes(`_${word}_`);
}

/** A name as its words in lower case, joined by `_`. */
function words(name: string): string {
  return name.toLowerCase().replace(/\.jsonl$/, "").replace(/[^a-z0-9]+/g, "_");
}

import { InputError } from "#lib/errors.ts";
import { DataNotes } from "./data_notes.ts";
import { listNames, refuseLoop } from "./folder_names.ts";
import { INSTRUCTION_SET_NAMES, INSTRUCTION_SETS } from "./instruction_sets.ts";
import { readInstructionFile } from "./json_lines.ts";
import {
  countLeaks,
  type EvaluationSet,
  type InstructionData,
  type InstructionRecord,
  isReservedName,
} from "./records.ts";

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
 * files. A set that is nowhere is simply not there; one that two folders have is refused. Without a validation file, the
 * first training records are taken for validation: `validationRecords`, but not over a tenth of them. Links count as what
 * they point to; hidden files and those of other forms are not read.
 *
 * @throws {InputError} if the folder is missing or empty, has no training file or too few records, or a file is wrong
 */
export async function loadInstructionFolder(
  folder: string,
  options: InstructionFolderOptions = {},
): Promise<InstructionData> {
  const { home, sets } = chooseFiles(folder);
  if (home === undefined) {
    const found = sets.size === 0 ? "no instruction files" : `only evaluation sets (${[...sets.keys()].join(", ")})`;
    throw new InputError(
      `Cannot train on ${folder}: it has ${found}; expected train.jsonl or *train*.jsonl there or in its folder dolly`,
    );
  }
  return await readInstructionData({ ...home, evaluation: sets, source: folder }, options);
}

/** The files of instruction-following data, by what they are for. */
export interface InstructionFiles {
  readonly train: readonly string[];
  /** Where there is none, the first training records are for validation. */
  readonly validation: readonly string[];
  /** By set, in the order of tables. */
  readonly evaluation: ReadonlyMap<string, readonly string[]>;
  /** Where they come from, in words. */
  readonly source: string;
}

/**
 * Reads the files of instruction-following data, whatever their names.
 *
 * @throws {InputError} if there are too few training records, or a file is wrong
 */
export async function readInstructionData(
  files: InstructionFiles,
  { validationRecords = 1000, trainRecords, itemsPerSet }: InstructionFolderOptions = {},
): Promise<InstructionData> {
  const notes = new DataNotes();
  const read = await readFiles(files.train);
  const heldOut = await readFiles(files.validation);
  if (heldOut.length === 0 && read.length < TRAINING_PER_VALIDATION) {
    throw new InputError(
      `Cannot train on ${files.source}: too few training records to hold some out for validation: ${read.length} found, ` +
        `at least ${TRAINING_PER_VALIDATION} needed; add records, or a file dev.jsonl for validation`,
    );
  }
  const taken = heldOut.length > 0 ? 0 : Math.min(validationRecords, Math.floor(read.length / TRAINING_PER_VALIDATION));
  const validation = heldOut.length > 0
    ? notes.first("validation", heldOut, validationRecords, "curves need no more")
    : read.slice(0, taken);
  const train = notes.first("train", read.slice(taken), trainRecords, "data.trainRecords");
  const evaluation: EvaluationSet[] = [];
  for (const [name, paths] of files.evaluation) {
    evaluation.push({ name, records: notes.first(name, await readFiles(paths), itemsPerSet, "data.itemsPerSet") });
  }
  return {
    train,
    validation,
    evaluation,
    source: files.source,
    leakCounts: countLeaks(train, validation, evaluation),
    notes: notes.lines,
  };
}

/**
 * The files that `loadInstructionFolder` reads of a folder.
 *
 * @throws {InputError} if the folder is missing, or has no such files
 */
export function instructionFiles(folder: string): string[] {
  const { home, sets } = chooseFiles(folder);
  return [...home?.train ?? [], ...home?.validation ?? [], ...[...sets.values()].flat()];
}

/**
 * Reads the evaluation sets alone, by the rules of `loadInstructionFolder`, from a folder that needs no training files.
 *
 * @throws {InputError} if the folder is missing or has no evaluation set, or a file is wrong
 */
export async function loadEvaluationSets(
  folder: string,
  { itemsPerSet }: Pick<InstructionFolderOptions, "itemsPerSet"> = {},
): Promise<(EvaluationSet & { readonly files: readonly string[] })[]> {
  const { sets } = chooseFiles(folder);
  if (sets.size === 0) throw new InputError(`Cannot evaluate on ${folder}: it has no evaluation file (*.jsonl)`);
  return await Promise.all(
    Array.from(sets, async ([name, files]) => ({
      name,
      records: (await readFiles(files)).slice(0, itemsPerSet),
      files,
    })),
  );
}

/** The files of one folder by their role; evaluation files by set. */
interface FolderFiles {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly evaluation: ReadonlyMap<string, readonly string[]>;
}

/** The folder that training and validation files are read from, if one has any, and the files of each set, in their order. */
function chooseFiles(path: string): { home: FolderFiles | undefined; sets: Map<string, readonly string[]> } {
  const folders = listFolders(path.replace(/(?<=.)\/+$/, ""));
  const files = new Map<string, readonly string[]>();
  for (const { evaluation } of folders) {
    for (const [set, paths] of evaluation) {
      const [other] = files.get(set) ?? [];
      if (other !== undefined) {
        throw new InputError(`Cannot read the set ${set}: ${other} and ${paths[0]} are both of it; leave one of them`);
      }
      files.set(set, paths);
    }
  }
  const known: readonly string[] = INSTRUCTION_SET_NAMES;
  const others = [...files.keys()].filter((set) => !known.includes(set)).sort();
  const names = [...known.filter((set) => files.has(set)), ...others];
  return {
    home: folders.find(({ train }) => train.length > 0),
    sets: new Map(names.map((name) => [name, files.get(name)!])),
  };
}

/** The files of a folder and of its sub-folders that are named as sets, the folder itself first. */
function listFolders(folder: string): FolderFiles[] {
  const { files, folders } = listNames(folder);
  const parts = folders.find((name) => name.endsWith(".jsonl"));
  if (parts !== undefined) {
    throw new InputError(
      `Cannot read ${folder}/${parts}: it is a folder; put its parts, part-1.train.jsonl, beside it`,
    );
  }
  const own = sortFiles(folder, files);
  const subFolders = INSTRUCTION_SET_NAMES.flatMap((set) => folders.filter((name) => setOfName(name) === set))
    .map((name) => {
      refuseLoop(folder, name);
      return `${folder}/${name}`;
    });
  const all = [own, ...subFolders.map((path) => sortFiles(path, listNames(path).files))];
  if (all.every(({ train, validation, evaluation }) => train.length + validation.length + evaluation.size === 0)) {
    throw new InputError(
      `Cannot read ${folder}: it has no *.jsonl file and none of the folders ${INSTRUCTION_SET_NAMES.join(", ")}` +
        " with one; expected train.jsonl and evaluation files",
    );
  }
  return all;
}

function sortFiles(folder: string, allNames: readonly string[]): FolderFiles {
  const names = allNames.filter((name) => name.endsWith(".jsonl"));
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
    if (isReservedName(set)) {
      throw new InputError(`Cannot read ${folder}/${name}: tables use the name ${set} themselves; rename the file`);
    }
    evaluation.set(set, [...evaluation.get(set) ?? [], name]);
  }
  return {
    train: paths(train),
    validation: paths(validation),
    evaluation: new Map(
      Array.from(evaluation, ([set, candidates]) => [set, paths(chooseOfSet(folder, set, candidates))]),
    ),
  };
}

/** The files that a set is read from: those with the foremost evaluation word, else the only one. */
function chooseOfSet(folder: string, set: string, names: readonly string[]): readonly string[] {
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

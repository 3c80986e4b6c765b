import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { isFolder, listNames } from "./folder_names.ts";
import { loadEvaluationSets } from "./instruction_folder.ts";
import { INSTRUCTION_SETS } from "./instruction_sets.ts";
import { readInstructionFile } from "./json_lines.ts";
import { describeJson, isJsonObject, type JsonObject, parseJson } from "./json_text.ts";
import { PUBLISHED_TASKS, type PublishedTask } from "./published_tasks.ts";
import { filesOfPath, readTaskFile } from "./task_files.ts";
import { loadTestRecords } from "./task_folder.ts";
import type { TaskRecord } from "./task_records.ts";

/** What a model is asked, and the answers that scoring accepts. Of a text that is only read, the text is the one reference. */
export interface ScoredRecord {
  /** An instruction, a prompt as it is, or a task's source. */
  readonly instruction: string;
  readonly input: string;
  readonly references: readonly string[];
  /** Whether the first reference was cut while it was written: it teaches no end. */
  readonly isUnfinished?: boolean;
}

/** What records are: instructions, which a template makes prompts of; prompts as they are; sources of a task; or texts without a prompt. */
export type RecordForm = "instruction" | "prompt" | "source" | "text";

/** Records that have a score of their own. */
export interface ScoredSet {
  readonly name: string;
  readonly form: RecordForm;
  /** Whose records they are, where they are a task's. */
  readonly task?: PublishedTask;
  readonly records: readonly ScoredRecord[];
  /** Those that were read. */
  readonly files: readonly string[];
}

/** Forms of files, for messages. */
const FORMS = "JSON Lines with instruction and output, with prompt and response, or with text; " +
  "CSV of SAMSum, JSON of SAMSum, IWSLT or StrategyQA; a .txt file";
/** Which key of a first record says what a file holds; `instruction` first, as MiniLLM's files have a `prompt` beside it. */
const KEYS: readonly (readonly [key: string, kind: RecordForm | PublishedTask])[] = [
  ["instruction", "instruction"],
  ["prompt", "prompt"],
  ["text", "text"],
  ["dialogue", "samsum"],
  ["translation", "iwslt"],
  ["question", "strategyqa"],
];
const TASK_FILE = /\.(csv|json|en)$/;

/**
 * Reads what is to be scored from a file, or from a folder: evaluation sets by the rules of `loadEvaluationSets`, tasks by those of
 * `loadTestRecords` (in the folder or in one below it of the task's name), or each file of prompts or of texts as a set of its own.
 *
 * | file | a set of |
 * |---|---|
 * | `.jsonl` with `instruction` and `output` (see `readInstructionFile`) | instructions |
 * | `.jsonl` with `prompt` and `response` or `completion`, a text or a list of accepted texts | prompts as they are |
 * | `.jsonl` with `text` | texts without a prompt |
 * | `.txt` | one such text: the whole file |
 * | `.csv`, `.json`, `.jsonl`, `.en` (see `PUBLISHED_TASKS`) | a task's sources |
 *
 * @throws {InputError} if there is no such path, nothing in it is of these forms, or a file is wrong
 */
export async function readScoredSets(path: string): Promise<ScoredSet[]> {
  if (isFolder(path)) return await readFolder(path.replace(/(?<=.)\/+$/, ""));
  if (!isThere(path)) throw new InputError(`${path}: there is no such file or folder`);
  return [await readFile(path)];
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ENOTDIR") return false;
    throw error;
  }
}

async function readFile(path: string): Promise<ScoredSet> {
  const name = path.replace(/^.*\//, "").replace(/\.\w+$/, "");
  const kind = await kindOf(path);
  if (isTask(kind)) {
    const format = PUBLISHED_TASKS[kind];
    const records = (await readTaskFile(kind, format, path)).map(recordOfTask);
    return { name: kind, form: "source", task: kind, records, files: filesOfPath(format, path) };
  }
  return { name, form: kind, records: await READERS[kind](path), files: [path] };
}

const READERS: Readonly<Record<Exclude<RecordForm, "source">, (path: string) => Promise<readonly ScoredRecord[]>>> = {
  instruction: readInstructionFile,
  prompt: (path) => readLines(path, promptRecord),
  async text(path) {
    if (path.endsWith(".jsonl")) return await readLines(path, textOfLine);
    return [{ instruction: "", input: "", references: [await readTextStrictly(path)] }];
  },
};

async function readFolder(folder: string): Promise<ScoredSet[]> {
  const { files, folders } = listNames(folder);
  const sets: ScoredSet[] = [];
  for (const task of await tasksIn(folder, files, folders)) sets.push(await readTask(task, folder));
  const lines = files.filter((name) => name.endsWith(".jsonl"));
  const kinds = await Promise.all(lines.map((name) => kindOf(`${folder}/${name}`)));
  const [kind] = kinds;
  const other = kinds.findIndex((each) => each !== kind);
  if (other > 0) {
    throw new InputError(
      `${folder}: ${lines[0]} holds ${kind} records but ${lines[other]} ${kinds[other]} records; name one file`,
    );
  }
  const aliases = Object.values(INSTRUCTION_SETS).flatMap((set): readonly string[] => set.aliases);
  const hasSets = folders.some((name) => aliases.includes(name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")));
  if (kind === "instruction" || (kind === undefined && hasSets)) {
    sets.push(...(await loadEvaluationSets(folder)).map((set) => ({ ...set, form: "instruction" as const })));
  } else if (kind !== undefined && isTask(kind)) {
    sets.push(await readTask(kind, folder));
  } else {
    const texts = kind === undefined ? files.filter((name) => name.endsWith(".txt")) : lines;
    for (const name of texts) sets.push(await readFile(`${folder}/${name}`));
  }
  if (sets.length === 0) throw new InputError(`${folder}: nothing to score on; expected ${FORMS}`);
  return sets;
}

/** The tasks that have a folder of their name, or whose test file lies in the folder itself. */
async function tasksIn(folder: string, files: readonly string[], folders: readonly string[]): Promise<PublishedTask[]> {
  const named = (Object.keys(PUBLISHED_TASKS) as PublishedTask[]).filter((task) => folders.includes(task));
  const own = files.filter((name) => TASK_FILE.test(name));
  if (named.length > 0 || own.length === 0) return named;
  const kind = await kindOf(`${folder}/${own.find((name) => /test/i.test(name)) ?? own[0]}`);
  return isTask(kind) ? [kind] : [];
}

async function readTask(task: PublishedTask, folder: string): Promise<ScoredSet> {
  const { records, files } = await loadTestRecords(task, PUBLISHED_TASKS[task], folder);
  return { name: task, form: "source", task, records: records.map(recordOfTask), files };
}

export function recordOfTask({ source, references }: TaskRecord): ScoredRecord {
  return { instruction: source, input: "", references };
}

/** What a file holds, by its ending and its first record. */
async function kindOf(path: string): Promise<Exclude<RecordForm, "source"> | PublishedTask> {
  const [ending = ""] = /\.\w+$/.exec(path) ?? [];
  if (ending === ".txt") return "text";
  if (ending === ".csv") return "samsum";
  if (ending === ".en") return "iwslt";
  if (ending !== ".json" && ending !== ".jsonl") {
    throw new InputError(`${path}: it is of no form that is read: ${FORMS}`);
  }
  const text = await readTextStrictly(path);
  const first = firstRecord(text, path);
  const kind = kindOfFields(first);
  if (kind !== undefined) return kind;
  const keys = excerpt(Object.keys(first).join(", ")) || "none";
  throw new InputError(
    `${path}: its first record has none of ${KEYS.map(([key]) => key).join(", ")}; its keys: ${keys}`,
  );
}

/** What a record is, by its keys. */
export function kindOfFields(fields: JsonObject): Exclude<RecordForm, "source"> | PublishedTask | undefined {
  const [, kind] = KEYS.find(([key]) => Object.hasOwn(fields, key)) ?? [];
  return kind as Exclude<RecordForm, "source"> | PublishedTask | undefined;
}

function firstRecord(text: string, path: string): JsonObject {
  const wrong = (problem: string) => new InputError(`${path}: ${problem}`);
  const isList = text.trimStart().startsWith("[");
  const line = isList ? text : linesOf(text).find((line) => line.trim() !== "");
  if (line === undefined) throw wrong("it has no records");
  const value = parseJson(line, wrong, "its first record is no JSON object on one line");
  const first = isList ? (value as unknown[])[0] : value;
  if (isJsonObject(first)) return first;
  throw wrong(`its first record is ${describeJson(first)} but must be a JSON object`);
}

async function readLines(
  path: string,
  read: (object: JsonObject, wrong: (problem: string) => InputError) => ScoredRecord,
): Promise<ScoredRecord[]> {
  return linesOf(await readTextStrictly(path)).flatMap((line, index) => {
    if (line.trim() === "") return [];
    const wrong = (problem: string) => new InputError(`${path}, line ${index + 1}: ${problem}`);
    const value = parseJson(line, wrong, "it is no JSON object on one line");
    if (!isJsonObject(value)) throw wrong(`it is ${describeJson(value)} but must be a JSON object`);
    return [read(value, wrong)];
  });
}

/** A prompt as it is, with `response`, `completion` or, as `generate` writes it, `text`: a text, or a list of accepted texts. */
export function promptRecord(
  { prompt, response, completion, text, ended }: JsonObject,
  wrong: (problem: string) => InputError,
): ScoredRecord {
  if (typeof prompt !== "string") throw wrong(`"prompt" is ${describeJson(prompt)} but must be a text`);
  const answer = response ?? completion ?? text;
  const references = typeof answer === "string" ? [answer] : answer;
  const isAnswer = Array.isArray(references) && references.length > 0 &&
    references.every((text) => typeof text === "string" && text.trim() !== "");
  if (!isAnswer) {
    throw wrong(`"response" is ${describeJson(answer)} but must be a text or a list of texts, none of them empty`);
  }
  const record = { instruction: prompt, input: "", references: references as string[] };
  // As `generate` says of a text that a limit or a person ended.
  return ended === "length" || ended === "interrupted" ? { ...record, isUnfinished: true } : record;
}

function textOfLine({ text }: JsonObject, wrong: (problem: string) => InputError): ScoredRecord {
  if (typeof text !== "string" || text === "") throw wrong(`"text" is ${describeJson(text)} but must be a text`);
  return { instruction: "", input: "", references: [text] };
}

export function isTask(kind: string): kind is PublishedTask {
  return Object.hasOwn(PUBLISHED_TASKS, kind);
}

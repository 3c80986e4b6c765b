import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly } from "#lib/text_file.ts";
import { describeJson, type JsonObject } from "./json_text.ts";
import { csvRows, jsonRows, readRows, type Row } from "./record_rows.ts";
import type { TaskRecord } from "./task_records.ts";

/** The files of a data set, as they are published. */
export interface TaskFormat {
  /** What their names may end with. `.csv` is read as CSV with a header, `.parquet` as Parquet, others as a JSON list or JSON Lines. */
  readonly extensions: readonly string[];
  /** Columns that a CSV file has to have, in any order. */
  readonly columns?: readonly string[];
  /** Two texts, one sentence a line: what their names end with, and what their lines are called in messages. */
  readonly parallel?: ParallelTexts;
  /** The record of a JSON object, or of the fields of a CSV file. @param where names it in messages */
  parse(fields: JsonObject, where: string): TaskRecord;
}

interface ParallelTexts {
  readonly source: readonly [ending: string, name: string];
  readonly target: readonly [ending: string, name: string];
}

/**
 * Reads records in the published form of a data set. White space, line breaks included, becomes one space.
 *
 * @param task names the data set in messages
 * @param path of two parallel texts that of the source
 * @throws {InputError} with file and line or record, if the file cannot be read, is of another form, or a record is wrong
 */
export async function readTaskFile(task: string, format: TaskFormat, path: string): Promise<TaskRecord[]> {
  const { extensions, parallel, parse } = format;
  const extension = /\.\w+$/.exec(path)?.[0] ?? "";
  if (!extensions.includes(extension)) {
    throw new InputError(`${path}: ${task} is read from files that end with ${extensions.join(", ")}`);
  }
  const records = extension === parallel?.source[0]
    ? await readParallel(path, parallel)
    : (await readObjects(path, format)).map(({ fields }, index) => parse(fields, `${path}, record ${index + 1}`));
  if (records.length === 0) throw new InputError(`${path}: it has no records`);
  return records;
}

async function readObjects(path: string, { columns }: TaskFormat): Promise<Row[]> {
  if (path.endsWith(".parquet")) return await readRows(path);
  const text = await readTextStrictly(path);
  return path.endsWith(".csv") ? csvRows(text, path, columns) : jsonRows(text, path);
}

/** The files that are read for a path: of two parallel texts both. */
export function filesOfPath({ parallel }: TaskFormat, path: string): string[] {
  return parallel && path.endsWith(parallel.source[0]) ? [path, otherPathOf(path, parallel)] : [path];
}

/**
 * A record of a source and a target, each given by its name.
 *
 * @param mayBeEmpty names of texts that may be empty
 * @throws {InputError} if one is missing, empty or no text
 */
export function taskRecord(
  source: JsonObject,
  target: JsonObject,
  where: string,
  { mayBeEmpty = [] }: { readonly mayBeEmpty?: readonly string[] } = {},
): TaskRecord {
  const [from, to] = [source, target].map((named) => {
    const [[name, value]] = Object.entries(named);
    if (typeof value === "string" && (mayBeEmpty.includes(name) || value.trim() !== "")) {
      return value.replaceAll(/\s+/g, " ").trim();
    }
    throw new InputError(`${where}: ${name} is ${describeJson(value)} but must be a text`);
  });
  return { source: from, target: to, references: [to] };
}

/** Two texts, one sentence a line, line i of the one the translation of line i of the other. */
async function readParallel(path: string, parallel: ParallelTexts): Promise<TaskRecord[]> {
  const { source: [, sourceName], target: [, targetName] } = parallel;
  const other = otherPathOf(path, parallel);
  const [sources, targets] = (await Promise.all([readTextStrictly(path), readTextStrictly(other)])).map((text) => {
    const lines = linesOf(text);
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  });
  if (sources.length !== targets.length) {
    throw new InputError(
      `${path} has ${sources.length} lines but ${other} has ${targets.length}; line i must translate line i`,
    );
  }
  return sources.map((line, i) =>
    taskRecord({ [sourceName]: line }, { [targetName]: targets[i] }, `${path}, line ${i + 1}`)
  );
}

/** The path of the target of two parallel texts, by that of the source. */
function otherPathOf(path: string, { source: [ending], target: [otherEnding] }: ParallelTexts): string {
  return path.slice(0, -ending.length) + otherEnding;
}

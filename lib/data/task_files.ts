import { parse } from "@std/csv";
import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly, withLineFeeds } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { describeJson, isJsonObject, type JsonObject, parseJson } from "./json_text.ts";
import type { TaskRecord } from "./task_records.ts";

/** The files of a data set, as they are published. */
export interface TaskFormat {
  /** What their names may end with. `.csv` is read as CSV with a header, others as a JSON list or JSON Lines. */
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
    : extension === ".csv"
    ? readCsv(await readTextStrictly(path), path, format)
    : parseJsonRecords(await readTextStrictly(path), path).map((value, index) =>
      parse(value, `${path}, record ${index + 1}`)
    );
  if (records.length === 0) throw new InputError(`${path}: it has no records`);
  return records;
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

/** CSV with a header: columns in any order, line breaks within quotes. */
function readCsv(text: string, path: string, { columns = [], parse: parseRecord }: TaskFormat): TaskRecord[] {
  let rows: string[][];
  try {
    rows = parse(withLineFeeds(text));
  } catch (error) {
    throw new InputError(`${path}: broken CSV: ${excerpt((error as Error).message.split("\n")[0], 200)}`);
  }
  const [header = [], ...records] = rows;
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new InputError(`${path}: column ${missing.join(" and ")} is missing; ${describeHeader(header)}`);
  }
  const repeated = columns.find((column) => header.indexOf(column) !== header.lastIndexOf(column));
  if (repeated !== undefined) throw new InputError(`${path}: column ${repeated} occurs twice`);
  return records.map((record, index) => {
    const where = `${path}, record ${index + 1}`;
    if (record.length !== header.length) {
      throw new InputError(`${where}: ${record.length} fields instead of the ${header.length} of the header`);
    }
    return parseRecord(Object.fromEntries(columns.map((column) => [column, record[header.indexOf(column)]])), where);
  });
}

/** What stands where a CSV file's header should be. */
function describeHeader(header: readonly string[]): string {
  if (header.length === 0) return "the file is empty";
  const separator = [";", "\t", "|"].find((mark) => header.length === 1 && header[0].includes(mark));
  return separator === undefined
    ? `the header is "${excerpt(header.join(","))}"`
    : `the fields seem to be separated by "${excerpt(separator)}", where CSV has commas`;
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

/** A JSON list of objects, or one object a line. */
function parseJsonRecords(text: string, path: string): JsonObject[] {
  const at = (where: string) => (problem: string) => new InputError(`${where}: ${problem}`);
  const values = text.trimStart().startsWith("[")
    ? parseJson(text, at(path))
    : linesOf(text).flatMap((line, index) =>
      line.trim() === "" ? [] : [parseJson(line, at(`${path}, line ${index + 1}`))]
    );
  if (!Array.isArray(values)) throw new InputError(`${path}: it must be a JSON list of objects`);
  return values.map((value, index) => {
    if (isJsonObject(value)) return value;
    throw new InputError(`${path}, record ${index + 1}: it is ${describeJson(value)} but must be a JSON object`);
  });
}

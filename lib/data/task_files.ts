import { parse } from "@std/csv";
import { InputError } from "#lib/errors.ts";
import type { TaskRecord } from "./task_records.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** The files of a data set, as they are published. */
export interface TaskFormat {
  /** What their names may end with. `.csv` is read as CSV with a header, others as a JSON list or JSON Lines. */
  readonly extensions: readonly string[];
  /** Columns that a CSV file has to have, in any order. */
  readonly columns?: readonly string[];
  /** Two texts, one sentence a line: what their names end with, and what their lines are called in messages. */
  readonly parallel?: { readonly source: readonly [string, string]; readonly target: readonly [string, string] };
  /** The record of a JSON object, or of the fields of a CSV file. @param where names it in messages */
  parse(fields: Fields, where: string): TaskRecord;
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
    ? readCsv(await readText(path), path, format)
    : parseJsonRecords(await readText(path), path).map((value, index) => parse(value, `${path}, record ${index + 1}`));
  if (records.length === 0) throw new InputError(`${path}: it has no records`);
  return records;
}

/**
 * A record of a source and a target, each given by its name.
 *
 * @param mayBeEmpty names of texts that may be empty
 * @throws {InputError} if one is missing, empty or no text
 */
export function taskRecord(
  source: Fields,
  target: Fields,
  where: string,
  { mayBeEmpty = [] }: { readonly mayBeEmpty?: readonly string[] } = {},
): TaskRecord {
  const [from, to] = [source, target].map((named) => {
    const [[name, value]] = Object.entries(named);
    if (typeof value === "string" && (mayBeEmpty.includes(name) || value.trim() !== "")) {
      return value.replaceAll(/\s+/g, " ").trim();
    }
    const what = typeof value === "string" ? "empty" : value === undefined ? "missing" : "not a text";
    throw new InputError(`${where}: ${name} is ${what}`);
  });
  return { source: from, target: to, references: [to] };
}

/** CSV with a header: columns in any order, line breaks within quotes. */
function readCsv(text: string, path: string, { columns = [], parse: parseRecord }: TaskFormat): TaskRecord[] {
  let rows: string[][];
  try {
    rows = parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new InputError(`${path}: broken CSV: ${(error as Error).message.split("\n")[0]}`);
  }
  const [header = [], ...records] = rows;
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new InputError(`${path}: column ${missing.join(" and ")} is missing; the header is "${header.join(",")}"`);
  }
  return records.map((record, index) => {
    const where = `${path}, record ${index + 1}`;
    if (record.length !== header.length) {
      throw new InputError(`${where}: ${record.length} fields instead of the ${header.length} of the header`);
    }
    return parseRecord(Object.fromEntries(columns.map((column) => [column, record[header.indexOf(column)]])), where);
  });
}

/** Two texts, one sentence a line, line i of the one the translation of line i of the other. */
async function readParallel(
  path: string,
  { source: [ending, sourceName], target: [otherEnding, targetName] }: NonNullable<TaskFormat["parallel"]>,
): Promise<TaskRecord[]> {
  const other = path.slice(0, -ending.length) + otherEnding;
  const [sources, targets] = (await Promise.all([readText(path), readText(other)])).map((text) =>
    text.replace(/\n$/, "").split("\n")
  );
  if (sources.length !== targets.length) {
    throw new InputError(
      `${path} has ${sources.length} lines but ${other} has ${targets.length}; line i must translate line i`,
    );
  }
  return sources.map((line, i) =>
    taskRecord({ [sourceName]: line }, { [targetName]: targets[i] }, `${path}, line ${i + 1}`)
  );
}

/** A JSON list of objects, or one object a line. */
function parseJsonRecords(text: string, path: string): Fields[] {
  const whole = text.replace(/^\ufeff/, "").trim();
  const values = whole.startsWith("[")
    ? parseJson(whole, path)
    : whole.split("\n").flatMap((line, index) =>
      line.trim() === "" ? [] : [parseJson(line, `${path}, line ${index + 1}`)]
    );
  if (!Array.isArray(values)) throw new InputError(`${path}: it must be a JSON list of objects`);
  return values.map((value, index) => {
    if (isObject(value)) return value;
    throw new InputError(`${path}, record ${index + 1}: it must be a JSON object`);
  });
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: not JSON: ${(error as Error).message}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${path}: there is no such file`);
    if (error instanceof Deno.errors.IsADirectory) throw new InputError(`${path}: it is a folder, not a file`);
    throw error;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

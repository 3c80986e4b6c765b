import { parse } from "@std/csv";
import { parquetReadObjects } from "hyparquet";
import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly, withLineFeeds } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { describeJson, isJsonObject, type JsonObject, parseJson } from "./json_text.ts";

/** A record of a file before anybody knows what it says. */
export interface Row {
  readonly fields: JsonObject;
  /** Names the record in messages: file and line, or file and number. */
  readonly where: string;
}

/** What the names of files of rows end with. */
export const ROW_ENDINGS: readonly string[] = [".jsonl", ".json", ".csv", ".parquet"];

/**
 * Reads the rows of a file: JSON Lines or a JSON list of objects, CSV with a header (every field a text), or Parquet.
 *
 * @throws {InputError} if the file cannot be read, ends otherwise, or is not what its ending says
 */
export async function readRows(path: string): Promise<Row[]> {
  if (path.endsWith(".parquet")) return await readParquet(path);
  if (!ROW_ENDINGS.some((ending) => path.endsWith(ending))) {
    throw new InputError(`${path}: rows are read from files that end with ${ROW_ENDINGS.join(", ")}`);
  }
  const text = await readTextStrictly(path);
  return path.endsWith(".csv") ? csvRows(text, path) : jsonRows(text, path);
}

/** The objects of a JSON list, or of a text with one object a line. */
export function jsonRows(text: string, path: string): Row[] {
  const at = (where: string) => (problem: string) => new InputError(`${where}: ${problem}`);
  if (text.trimStart().startsWith("[")) {
    // What begins so is a list, if it is JSON at all.
    const values = parseJson(text, at(path)) as unknown[];
    return values.map((value, index) => rowOf(value, `${path}, record ${index + 1}`));
  }
  return linesOf(text).flatMap((line, index) => {
    const where = `${path}, line ${index + 1}`;
    return line.trim() === "" ? [] : [rowOf(parseJson(line, at(where)), where)];
  });
}

function rowOf(fields: unknown, where: string): Row {
  if (isJsonObject(fields)) return { fields, where };
  throw new InputError(`${where}: it is ${describeJson(fields)} but must be a JSON object`);
}

/**
 * CSV with a header: columns in any order, line breaks within quotes.
 *
 * @param columns that it has to have; default none
 */
export function csvRows(text: string, path: string, columns: readonly string[] = []): Row[] {
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
  const wanted = columns.length > 0 ? columns : header;
  const repeated = wanted.find((column) => header.indexOf(column) !== header.lastIndexOf(column));
  if (repeated !== undefined) throw new InputError(`${path}: column ${repeated} occurs twice`);
  return records.map((record, index) => {
    const where = `${path}, record ${index + 1}`;
    if (record.length !== header.length) {
      throw new InputError(`${where}: ${record.length} fields instead of the ${header.length} of the header`);
    }
    return { fields: Object.fromEntries(wanted.map((column) => [column, record[header.indexOf(column)]])), where };
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

async function readParquet(path: string): Promise<Row[]> {
  const bytes = await Deno.readFile(path);
  try {
    const rows = await parquetReadObjects({ file: bytes.buffer });
    return rows.map((fields, index) => ({ fields, where: `${path}, record ${index + 1}` }));
  } catch (error) {
    throw new InputError(
      `${path}: no Parquet file that can be read (uncompressed or Snappy): ${excerpt((error as Error).message, 200)}`,
    );
  }
}

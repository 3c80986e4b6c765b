import { parse, stringify } from "@std/csv";
import { InputError } from "#lib/errors.ts";
import { withLineFeeds } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";

/** A record of a CSV file. */
export interface CsvRecord {
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** One per column. */
  readonly fields: readonly string[];
}

/** A CSV file with a header, whose columns are found by their names. */
export class CsvTable {
  readonly #path: string;
  readonly columns: readonly string[];
  readonly records: readonly CsvRecord[];

  /** @param path names the file in messages */
  constructor(path: string, columns: readonly string[], records: readonly CsvRecord[]) {
    this.#path = path;
    this.columns = columns;
    this.records = records;
  }

  /** @throws {InputError} with file, line and column, if the field is empty */
  text(record: CsvRecord, column: string): string {
    const field = this.#field(record, column);
    if (field === "") throw this.error(record, `${column} is empty`);
    return field;
  }

  /** @throws {InputError} if the field is no finite decimal number */
  number(record: CsvRecord, column: string): number {
    return this.#checked(record, column, this.#field(record, column), DECIMAL, "a number");
  }

  /** @throws {InputError} if the field is no whole number from 0 */
  whole(record: CsvRecord, column: string): number {
    return this.#checked(record, column, this.#field(record, column), DIGITS, "a whole number, 0 or more");
  }

  /** Numbers separated by single spaces, at least one. @throws {InputError} if one is no finite decimal number */
  numbers(record: CsvRecord, column: string): number[] {
    return this.text(record, column).split(" ").map((text, i) =>
      this.#checked(record, `${column}: item ${i + 1}`, text, DECIMAL, "a number")
    );
  }

  error({ line }: CsvRecord, message: string): InputError {
    return new InputError(`${this.#path}, line ${line}: ${message}`);
  }

  #field({ fields }: CsvRecord, column: string): string {
    return fields[this.columns.indexOf(column)];
  }

  #checked(record: CsvRecord, column: string, text: string, form: RegExp, what: string): number {
    const value = form.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value) && (form !== DIGITS || Number.isSafeInteger(value))) return value;
    throw this.error(record, `${column} is "${excerpt(text)}" but must be ${what}`);
  }
}

const DECIMAL = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;
const DIGITS = /^\d+$/;

/** CSV with a header row, LF line ends and a final newline. */
export function writeCsv<Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, string | number>>[],
): string {
  const records: (string | number)[][] = [[...columns], ...rows.map((row) => columns.map((column) => row[column]))];
  return records.map(csvLine).join("");
}

/** One line of CSV, ended by LF; the library ends it with CRLF. */
export function csvLine(fields: readonly (string | number)[]): string {
  return stringify([fields]).replace(/\r\n$/, "\n");
}

/**
 * Reads CSV (RFC 4180) with a header row. Empty lines are skipped.
 *
 * @param path names the file in messages
 * @param needed columns that there must be; others may be there too, in any order
 * @param layouts all columns in order, where the file must be of one of these
 * @throws {InputError} with file and line, if the header is another or names a column twice, quotes do not match or a row has not as
 *   many fields as the header
 */
export function readTable(
  text: string,
  path: string,
  needed: readonly string[],
  layouts?: readonly (readonly string[])[],
): CsvTable {
  const [header, ...records] = parseRecords(withLineFeeds(text.replace(/^\ufeff/, "")), path);
  const columns = header?.fields ?? [];
  const found = header === undefined ? "it is empty" : `its header is "${excerpt(columns.join())}"`;
  if (layouts && !layouts.some((layout) => layout.join() === columns.join())) {
    throw new InputError(`${path}: ${found} but must be ${layouts.map((layout) => `"${layout.join()}"`).join(" or ")}`);
  }
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length > 0) throw new InputError(`${path}, line 1: no column ${missing.join(" or ")}; ${found}`);
  const repeated = columns.find((column, i) => columns.indexOf(column) < i);
  if (repeated !== undefined) {
    throw new InputError(`${path}, line 1: column ${excerpt(repeated)} occurs twice`);
  }
  const table = new CsvTable(path, columns, records);
  const wrong = records.find(({ fields }) => fields.length !== columns.length);
  if (wrong) {
    throw table.error(wrong, `${wrong.fields.length} fields instead of the ${columns.length} of the header`);
  }
  return table;
}

/** Order of keys part by part: numbers by size, texts by code units, as no locale changes it. */
export function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] < b[i]) return -1;
    if (a[i] > b[i]) return 1;
  }
  return 0;
}

function parseRecords(text: string, path: string): CsvRecord[] {
  // Nearly all files are without quotes, and splitting those is some ten times as fast as the library.
  if (!text.includes('"')) {
    return text.split("\n").flatMap((row, i) => {
      const plain = row.replace(/\r$/, "");
      return plain === "" ? [] : [{ line: i + 1, fields: plain.split(",") }];
    });
  }
  try {
    return located(parse(withQuotedCrlf(text)), text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // As in: Syntax error on line 2; parse error on line 3, column 1: …
    const line = /line (\d+)/.exec(error.message)?.[1] ?? "1";
    throw new InputError(`${path}, line ${line}: quotes do not match; a text with quotes is written "like ""this"""`);
  }
}

/** The library takes a CR before an LF away, within quotes too: there it gets another. */
function withQuotedCrlf(text: string): string {
  return text.split('"').map((part, i) => i % 2 === 1 ? part.replaceAll("\r\n", "\r\r\n") : part).join('"');
}

/** The line on which each record begins: the parser skips empty lines, and a quoted text may span several. */
function located(records: readonly (readonly string[])[], text: string): CsvRecord[] {
  const lines = text.split("\n");
  let at = 0;
  return records.map((fields) => {
    while (lines[at] === "" || lines[at] === "\r") at++;
    const line = at + 1;
    at += fields.reduce((breaks, field) => breaks + field.split("\n").length - 1, 1);
    return { line, fields };
  });
}

import { parse, stringify } from "@std/csv";
import { InputError } from "#lib/errors.ts";

/** One row of a CSV file with a header. */
export interface CsvRow<Column extends string> {
  /** File and line, for messages. */
  readonly where: string;
  readonly fields: Readonly<Record<Column, string>>;
}

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
 * Reads CSV that must have exactly these columns in this order.
 *
 * @param path names the file in messages
 * @throws {InputError} with file and line, if the header or a row is another, or quotes do not match
 */
export function readCsv<Column extends string>(
  text: string,
  path: string,
  columns: readonly Column[],
): CsvRow<Column>[] {
  const plain = text.replace(/^\ufeff/, "");
  const [header, ...records] = locate(parseRecords(plain, path), plain);
  if (header === undefined || header.record.join() !== columns.join()) {
    const found = header === undefined ? "it is empty" : `its header is "${header.record.join()}"`;
    throw new InputError(`${path}: ${found} but must be "${columns.join()}"`);
  }
  return records.map(({ record, line }) => {
    const where = `${path}, line ${line}`;
    if (record.length !== columns.length) {
      throw new InputError(`${where}: ${record.length} fields instead of the ${columns.length} of the header`);
    }
    const fields = Object.fromEntries(columns.map((column, i) => [column, record[i]]));
    return { where, fields: fields as Record<Column, string> };
  });
}

/** @throws {InputError} if the field is empty */
export function textField<Column extends string>({ where, fields }: CsvRow<Column>, column: Column): string {
  if (fields[column] === "") throw new InputError(`${where}: ${column} is empty`);
  return fields[column];
}

/** @throws {InputError} if the field is no finite decimal number */
export function numberField<Column extends string>({ where, fields }: CsvRow<Column>, column: Column): number {
  const value = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(fields[column]) ? Number(fields[column]) : NaN;
  if (Number.isFinite(value)) return value;
  throw new InputError(`${where}: ${column} is "${fields[column]}" but must be a number`);
}

/** @throws {InputError} if the field is no whole number from 0 */
export function wholeField<Column extends string>({ where, fields }: CsvRow<Column>, column: Column): number {
  const value = /^\d+$/.test(fields[column]) ? Number(fields[column]) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new InputError(`${where}: ${column} is "${fields[column]}" but must be a whole number, 0 or more`);
}

/** Order of keys part by part: numbers by size, texts by code units, as no locale changes it. */
export function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] < b[i]) return -1;
    if (a[i] > b[i]) return 1;
  }
  return 0;
}

/** The first item whose key an earlier one has. */
export function findRepeated<Item>(items: readonly Item[], key: (item: Item) => readonly unknown[]): Item | undefined {
  const seen = new Set<string>();
  return items.find((item) => seen.size === seen.add(JSON.stringify(key(item))).size);
}

function parseRecords(text: string, path: string): string[][] {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const line = /.*line (\d+)/.exec(error.message)?.[1] ?? "1";
    throw new InputError(`${path}, line ${line}: quotes do not match; a text with quotes is written "like ""this"""`);
  }
}

/** The line on which each record begins: the parser skips empty lines, and a quoted text may span several. */
function locate(records: readonly (readonly string[])[], text: string) {
  const lines = text.split("\n");
  let at = 0;
  return records.map((record) => {
    while (lines[at] === "" || lines[at] === "\r") at++;
    const line = at + 1;
    at += record.reduce((breaks, field) => breaks + field.split("\n").length - 1, 1);
    return { record, line };
  });
}

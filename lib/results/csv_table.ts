import { InputError } from "#lib/errors.ts";

/** A CSV file whose columns are known by their names only, as another commit may have others. */
export interface CsvTable {
  /** Names the file in messages. */
  readonly path: string;
  readonly columns: readonly string[];
  readonly records: readonly CsvRecord[];
}

export interface CsvRecord {
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** One per column. */
  readonly fields: readonly string[];
  /** As it stands in the file. */
  readonly text: string;
}

/** A field, in quotes or not, and what ends it. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",\n]*?))(,|\r?\n|$)/y;

/**
 * Reads CSV (RFC 4180) with a header row. Empty lines are skipped.
 *
 * @param path names the file in messages
 * @param needed columns that there must be; others may be there too, in any order
 * @throws {InputError} with file and line, if a needed column is missing, one occurs twice, quotes do not match or a row has not as
 *   many fields as the header
 */
export function readTable(text: string, path: string, needed: readonly string[]): CsvTable {
  const [header, ...records] = readRecords(text.replace(/^\ufeff/, ""), path);
  const columns = header?.fields ?? [];
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    const found = header === undefined ? "it is empty" : `its header is "${columns.join()}"`;
    throw new InputError(`${path}, line 1: no column ${missing.join(" or ")}; ${found}`);
  }
  const repeated = columns.find((column, i) => columns.indexOf(column) < i);
  if (repeated !== undefined) throw new InputError(`${path}, line 1: column ${repeated} occurs twice`);
  const wrong = records.find(({ fields }) => fields.length !== columns.length);
  if (wrong) {
    throw new InputError(
      `${path}, line ${wrong.line}: ${wrong.fields.length} fields instead of the ${columns.length} of the header`,
    );
  }
  return { path, columns, records };
}

/** @throws {InputError} if the field is empty */
export function readText({ path }: CsvTable, { line }: CsvRecord, column: string, field: string): string {
  if (field === "") throw new InputError(`${path}, line ${line}: ${column} is empty`);
  return field;
}

/** @throws {InputError} if the field is no finite decimal number */
export function readNumber({ path }: CsvTable, { line }: CsvRecord, column: string, field: string): number {
  const value = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(field) ? Number(field) : NaN;
  if (Number.isFinite(value)) return value;
  throw new InputError(`${path}, line ${line}: ${column} is "${field}" but must be a number`);
}

/** @throws {InputError} if the field is no whole number from 0 */
export function readWhole({ path }: CsvTable, { line }: CsvRecord, column: string, field: string): number {
  const value = /^\d+$/.test(field) ? Number(field) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new InputError(`${path}, line ${line}: ${column} is "${field}" but must be a whole number, 0 or more`);
}

/**
 * Numbers separated by single spaces, as `items.csv` has thousands of rows of: most are a few digits, which are read here one by one.
 *
 * @throws {InputError} if one is no finite decimal number
 */
export function readNumbers(table: CsvTable, record: CsvRecord, column: string, field: string): Float64Array {
  const bytes = ENCODER.encode(field);
  let spaces = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === SPACE) spaces++;
  const values = new Float64Array(spaces + 1);
  let count = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const start = at;
    let point = -1;
    let mantissa = 0;
    let isPlain = true;
    for (; at < bytes.length && bytes[at] !== SPACE; at++) {
      const digit = bytes[at] - DIGIT_0;
      if (digit >= 0 && digit <= 9) mantissa = 10 * mantissa + digit;
      else if (bytes[at] === POINT && point < 0) point = at;
      else isPlain = false;
    }
    const decimals = point < 0 ? 0 : at - point - 1;
    const isShort = at - start <= EXACT_DIGITS && (point < 0 ? at > start : point > start && decimals > 0);
    // Two whole numbers that floats hold exactly: the quotient is the float nearest to the text.
    values[count] = isPlain && isShort
      ? mantissa / POWERS_OF_10[decimals]
      : readNumber(table, record, `${column}: item ${count + 1}`, field.split(" ")[count]);
    count++;
  }
  return values;
}

const ENCODER = new TextEncoder();
const [DIGIT_0, POINT, SPACE] = ENCODER.encode("0. ");
const EXACT_DIGITS = 15;
const POWERS_OF_10 = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

function readRecords(text: string, path: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let line = 1;
  for (let at = 0; at < text.length; line++) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    const row = text.slice(at, text[end - 1] === "\r" ? end - 1 : end);
    if (row.includes('"')) {
      const quoted = readQuoted(text, at);
      if (quoted === undefined) {
        throw new InputError(
          `${path}, line ${line}: quotes do not match; a text with quotes is written "like ""this"""`,
        );
      }
      records.push({ line, fields: quoted.fields, text: text.slice(at, quoted.end).trimEnd() });
      line += text.slice(at, quoted.end).split("\n").length - (text[quoted.end - 1] === "\n" ? 2 : 1);
      at = quoted.end;
    } else {
      if (row !== "") records.push({ line, fields: row.split(","), text: row });
      at = end + 1;
    }
  }
  return records;
}

/** The record that begins at `at`, and where the next one does. */
function readQuoted(text: string, at: number): { readonly fields: string[]; readonly end: number } | undefined {
  const fields: string[] = [];
  FIELD.lastIndex = at;
  for (;;) {
    const match = FIELD.exec(text);
    if (match === null) return undefined;
    const [, quoted, plain, ending] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (ending !== ",") return { fields, end: FIELD.lastIndex };
  }
}

import { compareKeys, type CsvRecord, CsvTable, readTable, writeCsv } from "./csv_rows.ts";
import { excerpt } from "#lib/visible_text.ts";

/** Reads the field of a column; undefined where it says nothing. @throws {InputError} with file, line and column */
type Reader = (table: CsvTable, record: CsvRecord, column: string) => unknown;

export const TEXT: Reader = (table, record, column) => table.text(record, column);
export const WHOLE: Reader = (table, record, column) => table.whole(record, column);
export const NUMBER: Reader = (table, record, column) => table.number(record, column);
export const NUMBERS: Reader = (table, record, column) => table.numbers(record, column);

/** What one of the recorded CSV files holds: how a row is written and read. */
export interface RowFormat<Row> {
  /** As in `scores`. */
  readonly rows: string;
  /** A row whose key an earlier one has, as messages say it: `a second score`. */
  readonly repeated: string;
  /** The columns that a file may have, in order: all are read, the last is written. */
  readonly layouts: readonly (readonly string[])[];
  /** By which columns rows are distinguished and sorted, those that they have. */
  readonly key: readonly (keyof Row)[];
  /** How columns are read, where a file has them; others are not read. */
  readonly readers: Readonly<Record<string, Reader>>;
  isWrong(row: Row): boolean;
  fieldsOf(row: Row): Readonly<Record<string, string | number>>;
}

/** The same rows in any order give the same text. @throws {RangeError} if a key occurs twice or a row is wrong */
export function formatRows<Row>(format: RowFormat<Row>, rows: readonly Row[]): string {
  const seen = new Set<string>();
  const wrong = rows.find((row) => format.isWrong(row) || isRepeated(seen, keyOf(format, row)));
  if (wrong !== undefined) {
    const key = keyOf(format, wrong).join(" ");
    throw new RangeError(`Cannot format ${format.rows}: ${key} occurs twice, is empty or not finite`);
  }
  const sorted = rows.toSorted((a, b) => compareKeys(keyOf(format, a), keyOf(format, b)));
  return writeCsv<string>(format.layouts.at(-1)!, sorted.map(format.fieldsOf));
}

/**
 * Reads what `formatRows` writes, or an earlier version of it wrote.
 *
 * @param path names the file in messages
 * @throws {InputError} with file and line, if the text is no such file or a key occurs twice
 */
export function parseRows<Row>(format: RowFormat<Row>, text: string, path: string): Row[] {
  return readRows(format, readTable(text, path, [], format.layouts));
}

/** @throws {InputError} with file, line and column, if a field is not what it must be or a key occurs twice */
export function readRows<Row>(format: Pick<RowFormat<Row>, "repeated" | "key" | "readers">, table: CsvTable): Row[] {
  const readers = Object.entries(format.readers).filter(([column]) => table.columns.includes(column));
  const seen = new Set<string>();
  return table.records.map((record) => {
    const fields = readers.map(([column, read]) => [column, read(table, record, column)] as const);
    const row = Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as Row;
    if (!isRepeated(seen, keyOf(format, row))) return row;
    throw table.error(record, `${format.repeated} for ${excerpt(keyOf(format, row).join(" "))}`);
  });
}

function keyOf<Row>({ key }: Pick<RowFormat<Row>, "key">, row: Row): (string | number)[] {
  return key.flatMap((column) => row[column] as string | number | undefined ?? []);
}

/** Whether a key was there before; from now on it is. */
function isRepeated(seen: Set<string>, key: readonly (string | number)[]): boolean {
  return seen.size === seen.add(JSON.stringify(key)).size;
}

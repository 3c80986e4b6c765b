import { compareKeys, type CsvRecord, type CsvTable, readTable, writeCsv } from "./csv_rows.ts";
import { excerpt } from "#lib/visible_text.ts";

/** What one of the recorded CSV files holds: how a row is written and read. */
export interface RowFormat<Row> {
  /** As in `scores`. */
  readonly rows: string;
  /** A row whose key an earlier one has, as messages say it: `a second score`. */
  readonly repeated: string;
  /** The columns that a file may have, in order: all are read, the last is written. */
  readonly layouts: readonly (readonly string[])[];
  /** What rows are told apart by, and sorted. */
  keyOf(row: Row): readonly (string | number)[];
  isWrong(row: Row): boolean;
  fieldsOf(row: Row): Readonly<Record<string, string | number>>;
  read(table: CsvTable, record: CsvRecord): Row;
}

/** @throws {RangeError} if a key occurs twice or a row is wrong */
export function formatRows<Row>(
  { rows: name, layouts, keyOf, isWrong, fieldsOf }: RowFormat<Row>,
  rows: readonly Row[],
): string {
  const seen = new Set<string>();
  const wrong = rows.find((row) => isWrong(row) || isRepeated(seen, keyOf(row)));
  if (wrong !== undefined) {
    throw new RangeError(`Cannot format ${name}: ${keyOf(wrong).join(" ")} occurs twice, is empty or not finite`);
  }
  return writeCsv<string>(layouts.at(-1)!, rows.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b))).map(fieldsOf));
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
export function readRows<Row>(
  { repeated, keyOf, read }: Pick<RowFormat<Row>, "repeated" | "keyOf" | "read">,
  table: CsvTable,
): Row[] {
  const seen = new Set<string>();
  return table.records.map((record) => {
    const row = read(table, record);
    if (!isRepeated(seen, keyOf(row))) return row;
    throw table.error(record, `${repeated} for ${excerpt(keyOf(row).join(" "))}`);
  });
}

/** Whether a key was there before; from now on it is. */
function isRepeated(seen: Set<string>, key: readonly (string | number)[]): boolean {
  return seen.size === seen.add(JSON.stringify(key)).size;
}

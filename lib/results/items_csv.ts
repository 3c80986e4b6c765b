import { type CsvTable, readTable } from "./csv_rows.ts";
import { columnsOf, DATASET_COLUMNS } from "./dataset_columns.ts";
import { formatRows, NUMBERS, parseRows, readRows, type RowFormat, TEXT } from "./row_format.ts";
import { KEY_COLUMNS, NAME_COLUMNS, NAME_READERS, type RunRow } from "./scores_csv.ts";

/** What one trained model scored on each item of a data set: what `ScoreRow.value` is the mean of, or the counts that BLEU is made of. */
export interface ItemsRow extends RunRow {
  /** In the order of the set, at least one; each the mean over the sampling seeds, of counts their sum. */
  readonly values: readonly number[];
}

/** Items as any commit recorded them. */
export type RecordedItems = Omit<ItemsRow, "experiment">;

const COLUMNS = [...KEY_COLUMNS, "values"];
const SIGNIFICANT_DIGITS = 4;
/** Of what a perplexity is made of: its exponent would show what is rounded away. */
const SURPRISE = /^perplexity\./;
const SURPRISE_DIGITS = 9;
const READERS = { ...NAME_READERS, values: NUMBERS };

const FORMAT: RowFormat<ItemsRow> = {
  rows: "items",
  repeated: "second items",
  layouts: [COLUMNS, [...COLUMNS, ...DATASET_COLUMNS]],
  key: KEY_COLUMNS,
  readers: { experiment: TEXT, ...READERS },
  isWrong: ({ values }) => values.length === 0 || !values.every(Number.isFinite),
  fieldsOf: (row) => ({
    ...row,
    values: row.values.map((value) => compact(value, row.metric)).join(" "),
    ...columnsOf(row.dataset, row.decoding),
  }),
};

/**
 * `items.csv`: a row per trained model, data set and metric, sorted by key, the values separated by spaces, with four significant
 * digits (nine of a perplexity's parts) and no trailing zeros.
 *
 * @throws {RangeError} if a key occurs twice, or a row has no values or one that is not finite
 */
export function formatItems(rows: readonly ItemsRow[]): string {
  return formatRows(FORMAT, rows);
}

/** Reads what `formatItems` writes, or wrote before data sets had columns. @throws {InputError} with file, line and column */
export function parseItems(text: string, path: string): ItemsRow[] {
  return parseRows(FORMAT, text, path);
}

/** As `readScores`, of `items.csv`. */
export function readItems(text: string, path: string): { readonly table: CsvTable; readonly rows: RecordedItems[] } {
  const table = readTable(text, path, [...NAME_COLUMNS, "values"]);
  return { table, rows: readRows<RecordedItems>({ ...FORMAT, key: NAME_COLUMNS, readers: READERS }, table) };
}

/** Through a number again, as its shortest text has no trailing zeros and no sign before 0. */
function compact(value: number, metric: string): string {
  return String(Number(value.toPrecision(SURPRISE.test(metric) ? SURPRISE_DIGITS : SIGNIFICANT_DIGITS)));
}

import { type CsvRecord, type CsvTable, readTable } from "./csv_rows.ts";
import { columnsOf, DATASET_COLUMNS } from "./dataset_columns.ts";
import { formatRows, NUMBER, parseRows, readRows, type RowFormat, TEXT, WHOLE } from "./row_format.ts";

/** What names a row of a table: a method's mean of a metric on a data set. */
export interface RowName {
  readonly method: string;
  readonly dataset: string;
  readonly metric: string;
}

/** What one row of scores or items is of. */
export interface RunRow extends RowName {
  readonly experiment: string;
  readonly seed: number;
  /** How the scored texts were made, where the data set's name does not say it: `beam`. */
  readonly decoding?: string;
}

/** What one trained model scored on one data set. */
export interface ScoreRow extends RunRow {
  /** The mean over the items, or what is computed of all of them (BLEU): a fraction. */
  readonly value: number;
  /** Items scored. */
  readonly count: number;
}

/** A score as any commit recorded it: the count of items is left out by early ones. */
export type RecordedScore = Omit<ScoreRow, "experiment" | "count"> & { readonly count?: number };

/** What rows of scores and items have first, and the least that both need. */
export const NAME_COLUMNS = ["method", "dataset", "metric", "seed"] as const;
export const KEY_COLUMNS = ["experiment", ...NAME_COLUMNS] as const;
export const NAME_READERS = { method: TEXT, dataset: TEXT, metric: TEXT, seed: WHOLE, decoding: readDecoding };

const COLUMNS = [...KEY_COLUMNS, "value", "count"];
const DECIMALS = 6;
const READERS = { ...NAME_READERS, value: NUMBER, count: WHOLE };

const FORMAT: RowFormat<ScoreRow> = {
  rows: "scores",
  repeated: "a second score",
  layouts: [COLUMNS, [...COLUMNS, ...DATASET_COLUMNS]],
  key: KEY_COLUMNS,
  readers: { experiment: TEXT, ...READERS },
  isWrong: ({ value }) => !Number.isFinite(value),
  fieldsOf: (row) => ({ ...row, value: fixed(row.value), ...columnsOf(row.dataset, row.decoding) }),
};

/**
 * `scores.csv`: a row per score, sorted by key, values with six decimals.
 *
 * @throws {RangeError} if a key occurs twice or a value is not finite
 */
export function formatScores(rows: readonly ScoreRow[]): string {
  return formatRows(FORMAT, rows);
}

/** Reads what `formatScores` writes, or wrote before data sets had columns. @throws {InputError} with file and line */
export function parseScores(text: string, path: string): ScoreRow[] {
  return parseRows(FORMAT, text, path);
}

/**
 * Reads `scores.csv` of any commit, or as somebody has edited it: columns by their names, in any order.
 *
 * @throws {InputError} with file and line, if the text is no such file or has two scores for a seed
 */
export function readScores(text: string, path: string): { readonly table: CsvTable; readonly rows: RecordedScore[] } {
  const table = readTable(text, path, [...NAME_COLUMNS, "value"]);
  return { table, rows: readRows<RecordedScore>({ ...FORMAT, key: NAME_COLUMNS, readers: READERS }, table) };
}

export function nameOfRow({ method, dataset, metric, seed }: Omit<RunRow, "experiment">) {
  return [method, dataset, metric, seed];
}

/** What the data set's name says already is not kept twice. */
function readDecoding(table: CsvTable, record: CsvRecord, column: string): string | undefined {
  const decoding = record.fields[table.columns.indexOf(column)];
  return decoding === columnsOf(table.text(record, "dataset")).decoding ? undefined : decoding;
}

function fixed(value: number): string {
  const text = value.toFixed(DECIMALS);
  return Number(text) === 0 ? (0).toFixed(DECIMALS) : text;
}

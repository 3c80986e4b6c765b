import { InputError } from "#lib/errors.ts";
import { compareKeys, type CsvRow, findRepeated, readCsv, textField, wholeField, writeCsv } from "./csv_rows.ts";

/** What one trained model scored on each item of a data set: what `ScoreRow.value` is the mean of, or the counts that BLEU is made of. */
export interface ItemsRow {
  readonly experiment: string;
  readonly method: string;
  readonly dataset: string;
  readonly metric: string;
  readonly seed: number;
  /** In the order of the set, at least one; each the mean over the sampling seeds, of counts their sum. */
  readonly values: readonly number[];
}

const COLUMNS = ["experiment", "method", "dataset", "metric", "seed", "values"] as const;
const SIGNIFICANT_DIGITS = 4;
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

/**
 * `items.csv`: a row per trained model, data set and metric, sorted by key, the values separated by spaces, with four significant
 * digits and no trailing zeros. The same rows in any order give the same text.
 *
 * @throws {RangeError} if a key occurs twice, or a row has no values or one that is not finite
 */
export function formatItems(rows: readonly ItemsRow[]): string {
  const wrong = rows.find(({ values }) => values.length === 0 || !values.every(Number.isFinite)) ??
    findRepeated(rows, keyOf);
  if (wrong) {
    throw new RangeError(`Cannot format items: ${keyOf(wrong).join(" ")} occurs twice, is empty or not finite`);
  }
  const sorted = rows.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
  return writeCsv(COLUMNS, sorted.map((row) => ({ ...row, values: row.values.map(compact).join(" ") })));
}

/**
 * Reads what `formatItems` writes.
 *
 * @param path names the file in messages
 * @throws {InputError} with file, line and column, if the text is no such file
 */
export function parseItems(text: string, path: string): ItemsRow[] {
  const rows = readCsv(text, path, COLUMNS).map((row) => ({
    where: row.where,
    items: {
      experiment: textField(row, "experiment"),
      method: textField(row, "method"),
      dataset: textField(row, "dataset"),
      metric: textField(row, "metric"),
      seed: wholeField(row, "seed"),
      values: numbersField(row, "values"),
    },
  }));
  const repeated = findRepeated(rows, ({ items }) => keyOf(items));
  if (repeated) throw new InputError(`${repeated.where}: second items for ${keyOf(repeated.items).join(" ")}`);
  return rows.map(({ items }) => items);
}

function keyOf({ experiment, method, dataset, metric, seed }: ItemsRow) {
  return [experiment, method, dataset, metric, seed];
}

/** Through a number again, as its shortest text has no trailing zeros and no sign before 0. */
function compact(value: number): string {
  return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
}

function numbersField<Column extends string>(row: CsvRow<Column>, column: Column): number[] {
  return textField(row, column).split(" ").map((text, i) => {
    const value = NUMBER.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value)) return value;
    throw new InputError(`${row.where}: ${column}: item ${i + 1} is "${text}" but must be a number`);
  });
}

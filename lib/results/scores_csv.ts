import { InputError } from "#lib/errors.ts";
import { compareKeys, findRepeated, numberField, readCsv, textField, wholeField, writeCsv } from "./csv_rows.ts";

/** What one trained model scored on one data set. */
export interface ScoreRow {
  readonly experiment: string;
  readonly method: string;
  readonly dataset: string;
  readonly metric: string;
  readonly seed: number;
  /** The mean over the items, or what is computed of all of them (BLEU): a fraction. */
  readonly value: number;
  /** Items scored. */
  readonly count: number;
}

const COLUMNS = ["experiment", "method", "dataset", "metric", "seed", "value", "count"] as const;
const DECIMALS = 6;

/**
 * `scores.csv`: a row per score, sorted by key, values with six decimals. The same scores in any order give the same text.
 *
 * @throws {RangeError} if a key occurs twice or a value is not finite
 */
export function formatScores(rows: readonly ScoreRow[]): string {
  const wrong = rows.find(({ value }) => !Number.isFinite(value)) ?? findRepeated(rows, keyOf);
  if (wrong) throw new RangeError(`Cannot format scores: ${keyOf(wrong).join(" ")} occurs twice or is not finite`);
  const sorted = rows.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
  return writeCsv(COLUMNS, sorted.map((row) => ({ ...row, value: fixed(row.value) })));
}

/**
 * Reads what `formatScores` writes.
 *
 * @param path names the file in messages
 * @throws {InputError} with file and line, if the text is no such file
 */
export function parseScores(text: string, path: string): ScoreRow[] {
  const rows = readCsv(text, path, COLUMNS).map((row) => ({
    where: row.where,
    score: {
      experiment: textField(row, "experiment"),
      method: textField(row, "method"),
      dataset: textField(row, "dataset"),
      metric: textField(row, "metric"),
      seed: wholeField(row, "seed"),
      value: numberField(row, "value"),
      count: wholeField(row, "count"),
    },
  }));
  const repeated = findRepeated(rows, ({ score }) => keyOf(score));
  if (repeated) throw new InputError(`${repeated.where}: a second score for ${keyOf(repeated.score).join(" ")}`);
  return rows.map(({ score }) => score);
}

function keyOf({ experiment, method, dataset, metric, seed }: ScoreRow) {
  return [experiment, method, dataset, metric, seed];
}

function fixed(value: number): string {
  const text = value.toFixed(DECIMALS);
  return Number(text) === 0 ? (0).toFixed(DECIMALS) : text;
}

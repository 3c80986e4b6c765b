import { InputError } from "#lib/errors.ts";
import { compareKeys, findRepeated, numberField, readCsv, textField, wholeField, writeCsv } from "./csv_rows.ts";

/** What a training run measured at one step. */
export interface CurveRow {
  readonly experiment: string;
  readonly method: string;
  /** What was trained for, as in `samsum/base`, where an experiment has several tasks. */
  readonly task?: string;
  readonly seed: number;
  /** Optimizer updates done. */
  readonly step: number;
  /** As in `loss`, `d_on`, `d_off`. */
  readonly measure: string;
  readonly value: number;
}

const COLUMNS = ["experiment", "method", "seed", "step", "measure", "value"] as const;
/** Of an experiment with tasks. */
const TASK_COLUMNS = ["experiment", "method", "task", "seed", "step", "measure", "value"] as const;
const SIGNIFICANT_DIGITS = 6;

/**
 * `curves.csv`: a row per measure and step, sorted by key, values with six significant digits; with a column of tasks if rows have one. The same rows in any order give
 * the same text.
 *
 * @throws {RangeError} if a key occurs twice, a value is not finite, or only some rows have a task
 */
export function formatCurves(rows: readonly CurveRow[]): string {
  const wrong = rows.find(({ value }) => !Number.isFinite(value)) ?? findRepeated(rows, keyOf);
  if (wrong) throw new RangeError(`Cannot format curves: ${keyOf(wrong).join(" ")} occurs twice or is not finite`);
  const sorted = rows.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
  const withTask = rows.filter(({ task }) => task !== undefined).length;
  if (withTask > 0 && withTask < rows.length) throw new RangeError("Cannot format curves: only some rows have a task");
  const columns = withTask > 0 ? TASK_COLUMNS : COLUMNS;
  return writeCsv<string>(
    columns,
    sorted.map((row) => ({ ...row, task: row.task ?? "", value: row.value.toPrecision(SIGNIFICANT_DIGITS) })),
  );
}

/**
 * Reads what `formatCurves` writes.
 *
 * @param path names the file in messages
 * @throws {InputError} with file and line, if the text is no such file
 */
export function parseCurves(text: string, path: string): CurveRow[] {
  const hasTasks = text.startsWith(TASK_COLUMNS.join());
  const rows = readCsv<string>(text, path, hasTasks ? TASK_COLUMNS : COLUMNS).map((row) => ({
    where: row.where,
    point: {
      experiment: textField(row, "experiment"),
      method: textField(row, "method"),
      ...(hasTasks ? { task: textField(row, "task") } : {}),
      seed: wholeField(row, "seed"),
      step: wholeField(row, "step"),
      measure: textField(row, "measure"),
      value: numberField(row, "value"),
    },
  }));
  const repeated = findRepeated(rows, ({ point }) => keyOf(point));
  if (repeated) throw new InputError(`${repeated.where}: a second value for ${keyOf(repeated.point).join(" ")}`);
  return rows.map(({ point }) => point);
}

function keyOf({ experiment, method, task, seed, step, measure }: CurveRow) {
  return [experiment, method, ...(task === undefined ? [] : [task]), seed, step, measure];
}

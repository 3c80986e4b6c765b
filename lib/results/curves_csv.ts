import type { MeasureRow } from "./cell_result.ts";
import { type CsvTable, readTable } from "./csv_rows.ts";
import { formatRows, NUMBER, parseRows, type RowFormat, TEXT, WHOLE } from "./row_format.ts";

/** What a training run measured at one step. */
export interface CurveRow extends MeasureRow {
  readonly experiment: string;
  readonly method: string;
  /** What was trained for, as in `samsum/base`, where an experiment has several tasks. */
  readonly task?: string;
  readonly seed: number;
}

const COLUMNS = ["experiment", "method", "seed", "step", "measure", "value"];
/** Of an experiment with tasks. */
const TASK_COLUMNS = COLUMNS.toSpliced(2, 0, "task");
const SIGNIFICANT_DIGITS = 6;

const FORMAT: RowFormat<CurveRow> = {
  rows: "curves",
  repeated: "a second value",
  layouts: [COLUMNS, TASK_COLUMNS],
  key: ["experiment", "method", "task", "seed", "step", "measure"],
  readers: { experiment: TEXT, method: TEXT, task: TEXT, seed: WHOLE, step: WHOLE, measure: TEXT, value: NUMBER },
  isWrong: ({ value }) => !Number.isFinite(value),
  fieldsOf: (row) => ({ ...row, task: row.task ?? "", value: row.value.toPrecision(SIGNIFICANT_DIGITS) }),
};

/**
 * `curves.csv`: a row per measure and step, sorted by key, values with six significant digits; with a column of tasks if rows have one.
 *
 * @throws {RangeError} if a key occurs twice, a value is not finite, or only some rows have a task
 */
export function formatCurves(rows: readonly CurveRow[]): string {
  const withTask = rows.filter(({ task }) => task !== undefined).length;
  if (withTask > 0 && withTask < rows.length) throw new RangeError("Cannot format curves: only some rows have a task");
  return formatRows({ ...FORMAT, layouts: [withTask > 0 ? TASK_COLUMNS : COLUMNS] }, rows);
}

/** Reads what `formatCurves` writes. @throws {InputError} with file and line, if the text is no such file */
export function parseCurves(text: string, path: string): CurveRow[] {
  return parseRows(FORMAT, text, path);
}

/** Reads `curves.csv` of any commit, of which only the values are known. @throws {InputError} if one of them is no number */
export function readCurves(text: string, path: string): CsvTable {
  const table = readTable(text, path, ["value"]);
  for (const record of table.records) table.number(record, "value");
  return table;
}

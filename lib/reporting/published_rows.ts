import type { ColumnScores } from "./table_columns.ts";
import { runsOf } from "./runs.ts";
import type { PublishedCell, PublishedRows } from "./table_model.ts";

/** Numbers of others as a paper or repository prints them, by data set. */
export interface PublishedNumbers {
  /** Says whose they are, and of what. */
  readonly heading: string;
  readonly rows: readonly PublishedNumbersRow[];
}

export interface PublishedNumbersRow {
  readonly label: string;
  /** Where they stand. */
  readonly source: string;
  /** As printed there, by data set, as in `dolly`; of a data set alone also where the table has it in several columns. */
  readonly values: Readonly<Record<string, string>>;
}

/** The rows that have a number in one of the columns; undefined if none has. */
export function publishedRows(
  { heading, rows }: PublishedNumbers,
  columns: readonly ColumnScores[],
): PublishedRows | undefined {
  const placed = rows.map(({ label, source, values }) => ({ label, source, cells: cellsOf(values, columns) }));
  const shown = placed.filter(({ cells }) => cells.some(({ text }) => text !== undefined));
  return shown.length > 0 ? { heading, rows: shown } : undefined;
}

/** Where the rows' numbers stand, for the notes below a table: a line for all rows of one source. */
export function publishedSources({ rows }: PublishedRows): string[] {
  const bySource = Map.groupBy(rows, ({ source }) => source);
  return [...bySource].map(([source, of]) => `Published: ${of.map(({ label }) => label).join("; ")}: ${source}.`);
}

/** Neighbouring columns that a number cannot be told to belong to one of share it. */
function cellsOf(values: PublishedNumbersRow["values"], columns: readonly ColumnScores[]): PublishedCell[] {
  return runsOf(columns.map((column) => keyOf(column, values)), (key) => key)
    .map((keys) => ({ text: keys[0] === undefined ? undefined : values[keys[0]], columns: keys.length }));
}

/** An average over data sets is no data set: theirs may be over others. */
function keyOf({ sets, averaged }: ColumnScores, values: PublishedNumbersRow["values"]): string | undefined {
  if (averaged) return undefined;
  const { dataset } = sets[0];
  return [dataset, dataset.split("/")[0]].find((name) => Object.hasOwn(values, name));
}

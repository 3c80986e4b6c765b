import type { ColumnScores } from "./table_columns.ts";
import type { PublishedRows } from "./table_model.ts";

/** Numbers of others from one source, by data set. */
export interface PublishedNumbers {
  /** Says of what models they are. */
  readonly heading: string;
  /** Where they stand, with its address, and what is not certain of them. */
  readonly source: string;
  readonly rows: readonly PublishedNumbersRow[];
}

export interface PublishedNumbersRow {
  readonly label: string;
  /** As printed there, by data set, as in `dolly`. */
  readonly values: Readonly<Record<string, string>>;
}

/** Of every source the rows that have a number in one of the columns; a source that has none is left out. */
export function publishedRows(
  published: readonly PublishedNumbers[],
  columns: readonly ColumnScores[],
): PublishedRows[] {
  return published.flatMap(({ rows, ...of }) => {
    const placed = rows.map(({ label, values }) => ({
      label,
      cells: columns.map((column) => valueIn(column, values)),
    }));
    const shown = placed.filter(({ cells }) => cells.some((text) => text !== undefined));
    return shown.length > 0 ? [{ ...of, rows: shown }] : [];
  });
}

/** Where numbers stand, for the notes below a table: a line for each source. */
export function publishedSources(published: readonly PublishedRows[]): string[] {
  return published.map(({ heading, source }) => `${heading}: ${source}.`);
}

/** An average over data sets is no data set: theirs may be over others. */
function valueIn({ sets, averaged }: ColumnScores, values: PublishedNumbersRow["values"]): string | undefined {
  const { dataset } = sets[0] ?? {};
  return averaged || dataset === undefined || !Object.hasOwn(values, dataset) ? undefined : values[dataset];
}

import { type ScoreTable, sideOfBaseline } from "./table_model.ts";

/** Of tables whose differences are tested. */
export const SEEDS = [10, 20, 30];
export const OPTIONS = { caption: "Caption", baseline: "sft_continued" };

/** The cell of a method in a column. */
export const cellOf = ({ columns, rows }: ScoreTable, method: string, column = "dolly") =>
  rows.find((row) => row.method === method)!.cells[columns.findIndex(({ name }) => name === column)]!;

/** On which side of the baseline each method is significantly, by its name. */
export const sides = (table: ScoreTable, column?: string) =>
  Object.fromEntries(table.rows.map(({ method }) => [method, sideOfBaseline(cellOf(table, method, column))]));

/** Whether a line of the legend begins so. */
export const legendHas = ({ legend }: ScoreTable, start: string) => legend.some((line) => line.startsWith(start));

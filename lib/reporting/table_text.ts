import { printMetric } from "#lib/metrics/metric_display.ts";
import { isTiedWithBest, type ScoreTable, sideOfBaseline, type TableCell } from "./table_model.ts";

/** In place of a number that others did not publish. */
export const UNPUBLISHED = "–";

/** Behind a student's mean that is below that of the student it started from. */
export const BELOW_FIRST = "↓";

const SIDE_MARKS = { above: "*", below: "†" } as const;

/** What is written in a cell, before a format's own signs. */
export interface CellText {
  /** In place of a score that there is not, `missing`. */
  readonly mean: string;
  /** Sample standard deviation over the seeds, if there are two or more. */
  readonly sd?: string;
  /** `(n=1)` where the seeds are fewer than the table's. */
  readonly seeds?: string;
  /** All three: `30.1 ± 0.4 (n=2)`. */
  readonly line: string;
  /** `*` or `†` where it is significantly above or below the baseline, then `↓` where it is below the first student; or empty. */
  readonly mark: string;
  /** Of the best of a column, and of what does not significantly differ from it. */
  readonly emphasis: "best" | "tied" | "none";
  readonly isMissing: boolean;
}

/** How a format writes what is emphasized. */
export type Emphasis = Readonly<Record<CellText["emphasis"], (text: string) => string>>;

/** The cells of a table's rows, written. */
export function textRows(table: ScoreTable) {
  return table.rows.map(({ cells, ...row }) => ({ ...row, cells: cells.map((cell, i) => cellText(cell, i, table)) }));
}

function cellText(cell: TableCell | undefined, column: number, table: ScoreTable): CellText {
  if (cell === undefined) return { mean: "missing", line: "missing", mark: "", emphasis: "none", isMissing: true };
  const print = (value: number) => printMetric(table.columns[column].metric, value);
  const mean = print(cell.mean);
  const sd = cell.sd === undefined ? undefined : print(cell.sd);
  const seeds = cell.seeds.length < table.seeds.length ? `(n=${cell.seeds.length})` : undefined;
  const side = sideOfBaseline(cell);
  return {
    ...{ mean, sd, seeds, isMissing: false },
    line: `${mean}${sd === undefined ? "" : ` ± ${sd}`}${seeds === undefined ? "" : ` ${seeds}`}`,
    mark: (side === undefined ? "" : SIDE_MARKS[side]) + (cell.belowFirst ? BELOW_FIRST : ""),
    emphasis: cell.best ? "best" : isTiedWithBest(cell) ? "tied" : "none",
  };
}

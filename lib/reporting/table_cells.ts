import { printMetric } from "#lib/metrics/metric_display.ts";
import { isTiedWithBest, type ScoreTable, sideOfBaseline, type TableCell } from "./table_model.ts";

/** In place of a score that there is not. */
export const MISSING = "missing";
/** In place of a number that others did not publish. */
export const UNPUBLISHED = "–";

const SIDE_MARKS = { above: "*", below: "†" } as const;

/** What is written in a cell, before a format's own signs. */
export interface CellText {
  readonly mean: string;
  /** Sample standard deviation over the seeds, if there are two or more. */
  readonly sd: string | undefined;
  /** `(n=1)` where the seeds are fewer than the table's. */
  readonly seeds: string | undefined;
}

export function cellText({ mean, sd, seeds }: TableCell, column: number, table: ScoreTable): CellText {
  const print = (value: number) => printMetric(table.columns[column].metric ?? "", value);
  return {
    mean: print(mean),
    sd: sd === undefined ? undefined : print(sd),
    seeds: seeds.length < table.seeds.length ? `(n=${seeds.length})` : undefined,
  };
}

/** `30.1 ± 0.4`, with the number of seeds if they are fewer than the table's. */
export function cellLine(cell: TableCell | undefined, column: number, table: ScoreTable): string {
  if (cell === undefined) return MISSING;
  const { mean, sd, seeds } = cellText(cell, column, table);
  return `${mean}${sd === undefined ? "" : ` ± ${sd}`}${seeds === undefined ? "" : ` ${seeds}`}`;
}

/** `*` above the baseline, `†` below, empty where neither is significant. */
export function sideMark(cell: TableCell | undefined): string {
  const side = cell && sideOfBaseline(cell);
  return side === undefined ? "" : SIDE_MARKS[side];
}

/** One of three: for the best of a column, for what does not significantly differ from it, and for other cells. */
export function emphasize<Text>(
  cell: TableCell | undefined,
  plain: Text,
  { best, tied }: { readonly best: Text; readonly tied: Text },
): Text {
  if (cell?.best) return best;
  return cell && isTiedWithBest(cell) ? tied : plain;
}

import { orderMethods } from "./display_names.ts";
import { type MethodDisplays, methodLabel } from "./method_display.ts";
import { metricDisplay, printMetric } from "#lib/metrics/metric_display.ts";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { type PublishedNumbers, publishedRows } from "./published_rows.ts";
import { mean, sampleSd } from "#lib/statistics/statistics.ts";
import { allColumns, chosenColumns, type ColumnChoice, type ColumnScores } from "./table_columns.ts";
import { legendOf } from "./table_legend.ts";
import { FIRST_STUDENT, type ScoreTable, type TableCell, TEACHER } from "./table_model.ts";
import { differencesFrom, TableItems } from "./table_significance.ts";

/** What a table shows beyond the scores that exist, and how. */
export interface TableOptions {
  readonly caption: string;
  /** Methods that were planned, in this order: one without scores is shown as missing. */
  readonly methods?: readonly string[];
  /** Columns shown, in this order; default all data sets in all metrics, and their averages. */
  readonly columns?: readonly ColumnChoice[];
  /** What differences are tested on; without it none is. */
  readonly items?: readonly ItemsRow[];
  /** The method that the others are compared with, beside the best of each column. */
  readonly baseline?: string;
  /** Labels of rows, by method, in the order of those that `methods` does not have; one that has none stands for itself. */
  readonly display?: MethodDisplays;
  /** Numbers of others in the table's metric, to show below the rows, source by source. */
  readonly published?: readonly PublishedNumbers[];
}

/**
 * The table of one experiment's scores: a row per method, a column per data set and metric. A seed counts in an average if it has all of
 * the sets.
 *
 * @throws {RangeError} if two scores, or two rows of items, have the same method, data set, metric and seed
 */
export function buildTable(scores: readonly ScoreRow[], options: TableOptions): ScoreTable {
  const { caption, methods: planned = [], display = {}, baseline, published = [] } = options;
  const choices = options.columns ?? allColumns(scores);
  const shown = scores.filter(({ metric }) => choices.some((choice) => choice.metric === metric));
  const columns = chosenColumns(choices, shown);
  const methods = orderMethods([...planned, ...shown.map(({ method }) => method)], [
    ...planned,
    ...Object.keys(display),
  ]);
  const items = new TableItems(options.items ?? []);
  const cells = columns.map((column) => cellsOf(column, methods, baseline, items));
  const labelOf = (method: string) => methodLabel(method, display);
  const table = {
    caption,
    columns: columns.map(({ name, label, metric, items }) => ({ name, label, metric, items })),
    rows: methods.map((method) => ({ method, label: labelOf(method), cells: cells.map((of) => of.get(method)) })),
    published: publishedRows(published, columns),
    seeds: [...new Set(shown.map(({ seed }) => seed))].sort((a, b) => a - b),
  };
  return { ...table, legend: legendOf(table, { columns, baseline, items: options.items && items, labelOf }) };
}

/** A column's cells by method. */
function cellsOf(
  column: ColumnScores,
  methods: readonly string[],
  baseline: string | undefined,
  items: TableItems,
): Map<string, TableCell> {
  const means = new Map([...column.ofMethod].map(([method, series]) => [method, mean([...series.values()])]));
  const students = methods.filter((method) => method !== TEACHER && means.has(method));
  const best = bestOf(students, means, column.metric);
  const below = belowFirst(students, means, column.metric);
  const fromBaseline = baseline === undefined ? undefined : differencesFrom(baseline, students, column, items);
  const fromBest = best.length === 0 ? undefined : differencesFrom(best[0], students, column, items, true);
  return new Map([...column.ofMethod].map(([method, series]) => [method, {
    mean: means.get(method)!,
    sd: series.size > 1 ? sampleSd([...series.values()]) : undefined,
    seeds: [...series.keys()],
    best: best.includes(method),
    belowFirst: below.includes(method),
    againstBaseline: fromBaseline?.get(method),
    againstBest: fromBest?.get(method),
  }]));
}

/** The students whose mean is the best as printed, the very best first; none where no value of the metric is better. */
function bestOf(students: readonly string[], means: ReadonlyMap<string, number>, metric: string): string[] {
  const { better } = metricDisplay(metric);
  if (better === undefined || students.length === 0) return [];
  const sign = better === "higher" ? 1 : -1;
  const ranked = students.toSorted((a, b) => sign * (means.get(b)! - means.get(a)!));
  const print = (method: string) => printMetric(metric, means.get(method)!);
  return ranked.filter((method) => print(method) === print(ranked[0]));
}

/** The students whose mean is lower as printed than that of the first, in a metric of which higher values are better. */
function belowFirst(students: readonly string[], means: ReadonlyMap<string, number>, metric: string): string[] {
  const first = means.get(FIRST_STUDENT);
  if (first === undefined || metricDisplay(metric).better !== "higher") return [];
  const isPrintedAlike = (value: number) => printMetric(metric, value) === printMetric(metric, first);
  return students.filter((method) => means.get(method)! < first && !isPrintedAlike(means.get(method)!));
}

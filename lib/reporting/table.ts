import { orderDatasets, orderMethods, orderMetrics } from "./display_names.ts";
import { type MethodDisplays, methodLabel } from "./method_display.ts";
import { metricDisplay, printMetric } from "#lib/metrics/metric_display.ts";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { type PublishedNumbers, publishedRows } from "./published_rows.ts";
import { mean, sampleSd } from "#lib/statistics/statistics.ts";
import { allColumns, chosenColumns, type ColumnChoice, type ColumnScores } from "./table_columns.ts";
import { legendOf } from "./table_legend.ts";
import { type ScoreTable, type TableCell, TEACHER } from "./table_model.ts";
import { differencesFrom, TableItems } from "./table_significance.ts";

/** Unless told, methods are compared with the first of these that has scores. */
const BASELINES = ["sft_continued", "sft"];

/** What a table shows beyond the scores that exist, and how. */
export interface TableOptions {
  readonly caption: string;
  /** Metrics shown; default all that the scores have. */
  readonly metrics?: readonly string[];
  /** Methods, data sets and seeds that were planned, in this order: what has no score is shown as missing. */
  readonly methods?: readonly string[];
  readonly datasets?: readonly string[];
  readonly seeds?: readonly number[];
  /** Columns shown, in this order, in place of all data sets in all metrics and their average. */
  readonly columns?: readonly ColumnChoice[];
  /** What differences are tested on; without it none is. */
  readonly items?: readonly ItemsRow[];
  /** The method that the others are compared with; default SFT continued, or SFT if that has no scores. */
  readonly baseline?: string;
  /** Labels of rows, by method, in the order of those that `methods` does not have; one that has none stands for itself. */
  readonly display?: MethodDisplays;
  /** Numbers of others in the table's metric, to show below the rows. */
  readonly published?: PublishedNumbers;
}

/**
 * The table of one experiment's scores: a row per method; a column per data set (and metric), and the average over the data sets
 * if there is one metric and more than one set, or the chosen columns. A seed counts in the average if it has all of the sets.
 *
 * @throws {RangeError} if two scores, or two rows of items, have the same method, data set, metric and seed
 */
export function buildTable(scores: readonly ScoreRow[], options: TableOptions): ScoreTable {
  const chosen = options.columns?.map(({ metric }) => metric);
  const metrics = [...new Set(chosen ?? options.metrics ?? orderMetrics(scores.map(({ metric }) => metric)))];
  const shown = scores.filter(({ metric }) => metrics.includes(metric));
  const { methods: givenMethods = [], datasets: givenSets = [] } = options;
  const { display = {} } = options;
  const order = [...givenMethods, ...Object.keys(display)];
  const methods = orderMethods([...givenMethods, ...shown.map(({ method }) => method)], order);
  const datasets = orderDatasets([...givenSets, ...shown.map(({ dataset }) => dataset)], givenSets);
  const seeds = [...new Set([...options.seeds ?? [], ...shown.map(({ seed }) => seed)])].sort((a, b) => a - b);

  const columns = options.columns === undefined
    ? allColumns(shown, metrics, datasets)
    : chosenColumns(options.columns, shown, givenSets);
  const baseline = options.baseline ??
    BASELINES.find((method) => columns.some(({ ofMethod }) => ofMethod.has(method)));
  const items = new TableItems(options.items ?? []);
  const cellsOfColumn = columns.map((column) => cellsOf(column, methods, baseline, items));
  const labelOf = (method: string) => methodLabel(method, display);
  const table = {
    caption: options.caption,
    columns: columns.map(({ name, label, metric, items }) => ({ name, label, metric, items })),
    rows: methods.map((method, i) => ({
      method,
      label: labelOf(method),
      cells: cellsOfColumn.map((cells) => cells[i]),
    })),
    seeds,
  };
  const facts = {
    columns,
    baseline: baseline === undefined ? undefined : { method: baseline, label: labelOf(baseline) },
    items: options.items && items,
    labelOf,
  };
  const published = options.published && publishedRows(options.published, columns);
  return { ...table, ...(published ? { published } : {}), legend: legendOf(table, facts) };
}

/** A column's cells in the order of the methods. */
function cellsOf(
  column: ColumnScores,
  methods: readonly string[],
  baseline: string | undefined,
  items: TableItems,
): (TableCell | undefined)[] {
  const means = new Map([...column.ofMethod].map(([method, series]) => [method, mean([...series.values()])]));
  const students = methods.filter((method) => method !== TEACHER && means.has(method));
  const best = bestOf(students, means, column.metric);
  const fromBaseline = baseline === undefined ? undefined : differencesFrom(baseline, students, column, items);
  const fromBest = best.length === 0 ? undefined : differencesFrom(best[0], students, column, items, true);
  return methods.map((method) => {
    const series = column.ofMethod.get(method);
    if (series === undefined) return undefined;
    const values = [...series.values()];
    return {
      mean: means.get(method)!,
      sd: values.length > 1 ? sampleSd(values) : undefined,
      seeds: [...series.keys()],
      best: best.includes(method),
      againstBaseline: fromBaseline?.get(method),
      againstBest: fromBest?.get(method),
    };
  });
}

/** The students whose mean is the best as printed, the very best first; none where no value of the metric is better. */
function bestOf(students: readonly string[], means: ReadonlyMap<string, number>, metric = ""): string[] {
  const { better } = metricDisplay(metric);
  if (better === undefined || students.length === 0) return [];
  const sign = better === "higher" ? 1 : -1;
  const ranked = students.toSorted((a, b) => sign * (means.get(b)! - means.get(a)!));
  const print = (method: string) => printMetric(metric, means.get(method)!);
  return ranked.filter((method) => print(method) === print(ranked[0]));
}

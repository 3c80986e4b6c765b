import { datasetLabel, methodLabel, metricLabel, orderDatasets, orderMethods, orderMetrics } from "./display_names.ts";
import type { ScoreRow } from "./scores_csv.ts";
import { mean, pairedTTest, sampleSd } from "./statistics.ts";
import { legendOf } from "./table_legend.ts";
import { percent, type ScoreTable, SIGNIFICANCE_LEVEL, type TableCell, type TableColumn } from "./table_model.ts";

const TEACHER = "teacher";
/** Significance is against the first of these that has scores. */
const BASELINES = ["sft_continued", "sft"];

/** What a table shows beyond the scores that exist. */
export interface TableOptions {
  readonly caption: string;
  /** Metrics shown; default all that the scores have. */
  readonly metrics?: readonly string[];
  /** Methods, data sets and seeds that were planned: what has no score is shown as missing. */
  readonly methods?: readonly string[];
  readonly datasets?: readonly string[];
  readonly seeds?: readonly number[];
}

/** Scores of one method in one column, by seed. */
type Series = ReadonlyMap<number, number>;

interface ColumnScores extends TableColumn {
  readonly ofMethod: ReadonlyMap<string, Series>;
}

/**
 * The table of one experiment's scores: a row per method, a column per data set (and metric), and the average over the data sets
 * if there is one metric and more than one set. A seed counts in the average if it has all of them.
 *
 * @throws {RangeError} if two scores have the same method, data set, metric and seed
 */
export function buildTable(scores: readonly ScoreRow[], options: TableOptions): ScoreTable {
  const metrics = options.metrics ?? orderMetrics(scores.map(({ metric }) => metric));
  const shown = scores.filter(({ metric }) => metrics.includes(metric));
  const methods = orderMethods([...options.methods ?? [], ...shown.map(({ method }) => method)]);
  const datasets = orderDatasets([...options.datasets ?? [], ...shown.map(({ dataset }) => dataset)]);
  const seeds = [...new Set([...options.seeds ?? [], ...shown.map(({ seed }) => seed)])].sort((a, b) => a - b);

  const columns = datasets.flatMap((dataset) => columnsOf(dataset, metrics, shown));
  const averaged = metrics.length === 1 && columns.length > 1;
  if (averaged) columns.push(averageOf(columns, methods));
  const baseline = BASELINES.find((method) => columns.some(({ ofMethod }) => ofMethod.has(method)));
  const cellsOfColumn = columns.map(({ ofMethod }) => cellsOf(ofMethod, methods, baseline));
  const rows = methods.map((method, i) => ({
    method,
    label: methodLabel(method),
    cells: cellsOfColumn.map((cells) => cells[i]),
  }));
  const table = { caption: options.caption, columns: columns.map(({ ofMethod: _, ...column }) => column), rows, seeds };
  const tested = baseline !== undefined && isTested(columns, baseline);
  return { ...table, legend: legendOf(table, { metrics, averaged, baseline: tested ? baseline : undefined }) };
}

/** The columns of a data set: one for each metric that it has scores in, one of missing cells if it has none. */
function columnsOf(dataset: string, metrics: readonly string[], scores: readonly ScoreRow[]): ColumnScores[] {
  const scored = scores.filter((score) => score.dataset === dataset);
  const present = metrics.filter((metric) => scored.some((score) => score.metric === metric));
  if (present.length === 0) {
    return [{ name: dataset, label: datasetLabel(dataset), items: undefined, ofMethod: new Map() }];
  }
  return present.map((metric) => {
    const ofMetric = scored.filter((score) => score.metric === metric);
    const counts = ofMetric.map(({ count }) => count);
    return {
      name: metrics.length > 1 ? `${dataset} ${metric}` : dataset,
      label: metrics.length > 1 ? `${datasetLabel(dataset)} ${metricLabel(metric)}` : datasetLabel(dataset),
      items: [Math.min(...counts), Math.max(...counts)] as const,
      ofMethod: seriesByMethod(ofMetric),
    };
  });
}

function seriesByMethod(scores: readonly ScoreRow[]): Map<string, Series> {
  const ofMethod = new Map<string, Map<number, number>>();
  // In the order of the seeds, so that sums do not depend on the order of the rows.
  for (const { method, dataset, metric, seed, value } of scores.toSorted((a, b) => a.seed - b.seed)) {
    const series = ofMethod.get(method) ?? new Map<number, number>();
    if (series.has(seed)) throw new RangeError(`Cannot tabulate two scores for ${method} ${dataset} ${metric} ${seed}`);
    ofMethod.set(method, series.set(seed, value));
  }
  return ofMethod;
}

/** The mean over the columns for each seed that has a score in all of them. */
function averageOf(columns: readonly ColumnScores[], methods: readonly string[]): ColumnScores {
  const ofMethod = new Map<string, Series>();
  for (const method of methods) {
    const all = columns.map((column): Series => column.ofMethod.get(method) ?? new Map());
    const complete = [...all[0].keys()].filter((seed) => all.every((series) => series.has(seed)));
    if (complete.length === 0) continue;
    ofMethod.set(method, new Map(complete.map((seed) => [seed, mean(all.map((series) => series.get(seed)!))])));
  }
  return { name: "average", label: "Average", items: undefined, ofMethod };
}

/** A column's cells in the order of the methods. */
function cellsOf(
  ofMethod: ReadonlyMap<string, Series>,
  methods: readonly string[],
  baseline: string | undefined,
): (TableCell | undefined)[] {
  const means = new Map([...ofMethod].map(([method, series]) => [method, mean([...series.values()])]));
  const students = [...means].filter(([method]) => method !== TEACHER).map(([, value]) => percent(value));
  const highest = students.map(Number).reduce((a, b) => Math.max(a, b), -Infinity);
  return methods.map((method) => {
    const series = ofMethod.get(method);
    if (series === undefined) return undefined;
    const values = [...series.values()];
    const compared = baseline === undefined || method === TEACHER ? undefined : ofMethod.get(baseline);
    return {
      mean: means.get(method)!,
      sd: values.length > 1 ? sampleSd(values) : undefined,
      seeds: [...series.keys()],
      best: method !== TEACHER && Number(percent(means.get(method)!)) === highest,
      significant: compared !== undefined && (pValue(series, compared) ?? 1) < SIGNIFICANCE_LEVEL,
    };
  });
}

/** Two-sided p of the paired t-test over the seeds; undefined unless both have the same two or more. */
function pValue(series: Series, baseline: Series): number | undefined {
  const seeds = [...series.keys()];
  if (seeds.length < 2 || seeds.length !== baseline.size || !seeds.every((seed) => baseline.has(seed))) {
    return undefined;
  }
  return pairedTTest([...series.values()], seeds.map((seed) => baseline.get(seed)!)).p;
}

function isTested(columns: readonly ColumnScores[], baseline: string): boolean {
  return columns.some(({ ofMethod }) => {
    const compared = ofMethod.get(baseline);
    return compared !== undefined &&
      [...ofMethod].some(([method, series]) =>
        method !== TEACHER && method !== baseline && pValue(series, compared) !== undefined
      );
  });
}

import { datasetLabel, orderDatasets } from "./display_names.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { TableColumn } from "./table_model.ts";

/** The name of the mean over data sets, among the names of data sets. */
export const AVERAGE = "average";

/** A column by name: `dataset` may be `average`, over all data sets that are planned or have scores of the metric. */
export interface ColumnChoice {
  readonly dataset: string;
  readonly metric: string;
  readonly label?: string;
}

/** Scores of one method in one column, by seed, ascending. */
export type Series = ReadonlyMap<number, number>;

/** A metric on a data set. */
export interface ScoredSet {
  readonly dataset: string;
  readonly metric: string;
  /** Least and most items of a score. */
  readonly items: readonly [least: number, most: number] | undefined;
  readonly ofMethod: ReadonlyMap<string, Series>;
}

export interface ColumnScores extends TableColumn {
  /** What the column is of: one set, or those that it is the average over; none where a data set has no score. */
  readonly sets: readonly ScoredSet[];
  readonly averaged: boolean;
  readonly ofMethod: ReadonlyMap<string, Series>;
}

/**
 * A column for each data set, in each metric that it has scores in (one of missing cells if it has none), and the average if there is
 * one metric and more than one set.
 */
export function allColumns(
  scores: readonly ScoreRow[],
  metrics: readonly string[],
  datasets: readonly string[],
): ColumnScores[] {
  const onlyMetric = metrics.length === 1 ? metrics[0] : undefined;
  const columns = datasets.flatMap((dataset): ColumnScores[] => {
    const scored = scores.filter((score) => score.dataset === dataset);
    const present = metrics.filter((metric) => scored.some((score) => score.metric === metric));
    if (present.length > 0) {
      const labelOf = (metric: string) =>
        onlyMetric === undefined ? `${datasetLabel(dataset)} ${metricLabel(metric)}` : datasetLabel(dataset);
      return present.map((metric) => setColumn({ dataset, metric, label: labelOf(metric) }, onlyMetric, scores));
    }
    const nothing = { metric: onlyMetric, items: undefined, sets: [], averaged: false, ofMethod: new Map() };
    return [{ name: dataset, label: datasetLabel(dataset), ...nothing }];
  });
  if (onlyMetric === undefined || columns.length < 2) return columns;
  const label = datasetLabel(AVERAGE);
  return [...columns, averageColumn({ dataset: AVERAGE, metric: onlyMetric, label }, onlyMetric, scores, datasets)];
}

/** The chosen columns, in their order. */
export function chosenColumns(
  choices: readonly ColumnChoice[],
  scores: readonly ScoreRow[],
  planned: readonly string[] = [],
): ColumnScores[] {
  const metrics = new Set(choices.map(({ metric }) => metric));
  const onlyMetric = metrics.size === 1 ? choices[0].metric : undefined;
  const oneDataset = new Set(choices.map(({ dataset }) => dataset)).size === 1;
  const labelOf = ({ dataset, metric }: ColumnChoice) => {
    if (onlyMetric !== undefined) return datasetLabel(dataset);
    return oneDataset ? metricLabel(metric) : `${datasetLabel(dataset)} ${metricLabel(metric)}`;
  };
  return choices.map((choice) => {
    const column = { ...choice, label: choice.label ?? labelOf(choice) };
    if (choice.dataset !== AVERAGE) return setColumn(column, onlyMetric, scores);
    const present = scores.filter(({ metric }) => metric === choice.metric).map(({ dataset }) => dataset);
    return averageColumn(column, onlyMetric, scores, orderDatasets([...planned, ...present], planned));
  });
}

function setColumn(
  { dataset, metric, label }: Required<ColumnChoice>,
  onlyMetric: string | undefined,
  scores: readonly ScoreRow[],
): ColumnScores {
  const set = scoredSet(dataset, metric, scores);
  const name = onlyMetric === undefined ? `${dataset} ${metric}` : dataset;
  return { name, label, metric, items: set.items, sets: [set], averaged: false, ofMethod: set.ofMethod };
}

/** The mean over the data sets for each seed that has a score in all of them. */
function averageColumn(
  { dataset, metric, label }: Required<ColumnChoice>,
  onlyMetric: string | undefined,
  scores: readonly ScoreRow[],
  datasets: readonly string[],
): ColumnScores {
  const sets = datasets.map((dataset) => scoredSet(dataset, metric, scores));
  const ofMethod = new Map<string, Series>();
  for (const method of sets[0]?.ofMethod.keys() ?? []) {
    const all = sets.map((set): Series => set.ofMethod.get(method) ?? new Map());
    const complete = [...all[0].keys()].filter((seed) => all.every((series) => series.has(seed)));
    if (complete.length === 0) continue;
    ofMethod.set(method, new Map(complete.map((seed) => [seed, mean(all.map((series) => series.get(seed)!))])));
  }
  const name = onlyMetric === undefined ? `${dataset} ${metric}` : dataset;
  return { name, label, metric, items: undefined, sets, averaged: true, ofMethod };
}

function scoredSet(dataset: string, metric: string, scores: readonly ScoreRow[]): ScoredSet {
  const own = scores.filter((score) => score.dataset === dataset && score.metric === metric);
  const counts = own.map(({ count }) => count);
  const items = own.length === 0 ? undefined : [Math.min(...counts), Math.max(...counts)] as const;
  return { dataset, metric, items, ofMethod: seriesByMethod(own) };
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

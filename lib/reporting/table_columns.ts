import { datasetLabel, orderDatasets, orderMetrics } from "./display_names.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { TableColumn } from "./table_model.ts";

/** The name of the mean over data sets, among the names of data sets. */
export const AVERAGE = "average";

/** A column by name: `dataset` may be `average`, over all data sets that have scores of the metric. */
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
  /** What the column is of: one set, or those that it is the average over. */
  readonly sets: readonly ScoredSet[];
  readonly averaged: boolean;
  readonly ofMethod: ReadonlyMap<string, Series>;
}

/** In each metric every data set that has scores, and the average where there are several. */
export function allColumns(scores: readonly ScoreRow[]): ColumnChoice[] {
  return orderMetrics(scores.map(({ metric }) => metric)).flatMap((metric) => {
    const datasets = datasetsIn(metric, scores);
    return [...datasets, ...(datasets.length > 1 ? [AVERAGE] : [])].map((dataset) => ({ dataset, metric }));
  });
}

/** The scores of the chosen columns, in their order; named by data set, metric, or both, as these differ between them. */
export function chosenColumns(choices: readonly ColumnChoice[], scores: readonly ScoreRow[]): ColumnScores[] {
  const isOneMetric = new Set(choices.map(({ metric }) => metric)).size === 1;
  const isOneDataset = new Set(choices.map(({ dataset }) => dataset)).size === 1;
  const labelOf = ({ dataset, metric }: ColumnChoice) => {
    if (isOneMetric) return datasetLabel(dataset);
    return isOneDataset ? metricLabel(metric) : `${datasetLabel(dataset)} ${metricLabel(metric)}`;
  };
  return choices.map((choice) => {
    const { dataset, metric } = choice;
    const averaged = dataset === AVERAGE;
    const sets = (averaged ? datasetsIn(metric, scores) : [dataset]).map((each) => scoredSet(each, metric, scores));
    return {
      name: isOneMetric ? dataset : `${dataset} ${metric}`,
      label: choice.label ?? labelOf(choice),
      metric,
      items: averaged ? undefined : sets[0].items,
      sets,
      averaged,
      ofMethod: averaged ? averageOf(sets) : sets[0].ofMethod,
    };
  });
}

function datasetsIn(metric: string, scores: readonly ScoreRow[]): string[] {
  return orderDatasets(scores.filter((score) => score.metric === metric).map(({ dataset }) => dataset));
}

/** The mean over the data sets for each seed that has a score in all of them. */
function averageOf(sets: readonly ScoredSet[]): Map<string, Series> {
  const means = [...sets[0]?.ofMethod.keys() ?? []].map((method) => {
    const all = sets.map((set): Series => set.ofMethod.get(method) ?? new Map());
    const complete = [...all[0].keys()].filter((seed) => all.every((series) => series.has(seed)));
    return [method, new Map(complete.map((seed) => [seed, mean(all.map((series) => series.get(seed)!))]))] as const;
  });
  return new Map(means.filter(([, series]) => series.size > 0));
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

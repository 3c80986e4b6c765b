import { orderDatasets, orderMethods, orderMetrics } from "#lib/reporting/display_names.ts";
import { metricDisplay } from "#lib/metrics/metric_display.ts";
import { holm } from "#lib/statistics/multiple_testing.ts";
import { mean, sampleSd } from "#lib/statistics/statistics.ts";
import { type SeedScore, testChange } from "#lib/statistics/change_significance.ts";
import { type ChangedRow, type SeedSummary, SIGNIFICANCE_LEVEL, type Verdict } from "./comparison.ts";
import type { RecordedItems, RecordedRow, RecordedRows, RowName } from "#lib/results/recorded_rows.ts";

/** The scores of one experiment in one version. */
export interface ScoredVersion {
  readonly rows: RecordedRows;
  /** Empty where they are the same in both versions, and so do not tell of a change. */
  readonly items: RecordedItems;
}

/** A row is changed if a seed's value or number of items is, or the seeds are others. All are in the order of tables, methods in this one. */
export function compareRows(before: ScoredVersion, after: ScoredVersion, order: readonly string[] = []) {
  const changed: ChangedRow[] = [];
  for (const [key, row] of before.rows) {
    const other = after.rows.get(key);
    if (other !== undefined && !isSameRow(row, other)) {
      changed.push(changeOf(row, other, before.items.get(key), after.items.get(key)));
    }
  }
  const without = (rows: RecordedRows, others: RecordedRows): RowName[] =>
    inOrder(
      [...rows].filter(([key]) => !others.has(key)).map(([, { method, dataset, metric }]) => ({
        method,
        dataset,
        metric,
      })),
      order,
    );
  return {
    changed: inOrder(corrected(changed), order),
    added: without(after.rows, before.rows),
    missing: without(before.rows, after.rows),
  };
}

type ItemsBySeed = ReadonlyMap<number, Float64Array> | undefined;

function isSameRow({ seeds: before }: RecordedRow, { seeds: after }: RecordedRow): boolean {
  return hasSameValues(before, after) && [...before].every(([seed, { count }]) => {
    const other = after.get(seed)!.count;
    return count === other || count === undefined || other === undefined;
  });
}

function hasSameValues(before: RecordedRow["seeds"], after: RecordedRow["seeds"]): boolean {
  return before.size === after.size && [...before].every(([seed, { value }]) => after.get(seed)?.value === value);
}

function changeOf(row: RecordedRow, other: RecordedRow, itemsBefore: ItemsBySeed, itemsAfter: ItemsBySeed): ChangedRow {
  const { method, dataset, metric } = row;
  const [before, after] = [summaryOf(row), summaryOf(other)];
  const change = after.mean - before.mean;
  const isEqual = hasSameValues(row.seeds, other.seeds);
  const { p, ...test } = testChange(scoresOf(row, itemsBefore), scoresOf(other, itemsAfter));
  const { better } = metricDisplay(metric);
  const direction = change > 0 ? "up" : change < 0 ? "down" : "none";
  const isBetter = direction === (better === "higher" ? "up" : "down");
  return {
    ...{ method, dataset, metric, before, after, change, ...test, direction },
    p: isEqual ? undefined : p,
    correctedP: undefined,
    verdict: isEqual ? "equal" : "untellable",
    quality: better === undefined || direction === "none" ? undefined : isBetter ? "better" : "worse",
  };
}

function summaryOf({ seeds }: RecordedRow): SeedSummary {
  const scores = [...seeds.values()];
  const values = scores.map(({ value }) => value);
  const items = [...new Set(scores.flatMap(({ count }) => count ?? []))].sort((a, b) => a - b);
  return {
    mean: mean(values),
    sd: values.length < 2 ? undefined : sampleSd(values),
    seeds: [...seeds.keys()].sort((a, b) => a - b),
    items,
  };
}

function scoresOf({ metric, seeds }: RecordedRow, items: ItemsBySeed): SeedScore[] {
  // Of a share of the items, and of nothing else, it is known what one of them weighs.
  const isShare = metricDisplay(metric).scale === "percent";
  return [...seeds].map(([seed, { value, count }]) => ({
    seed,
    value,
    items: items?.get(seed),
    resolution: isShare && count ? 1 / count : undefined,
  }));
}

/** Corrects for the changed rows of a data set and metric, which are one column of a table, and tells what that leaves. */
function corrected(rows: readonly ChangedRow[]): ChangedRow[] {
  const columns = Map.groupBy(rows, ({ dataset, metric }) => JSON.stringify([dataset, metric]));
  return [...columns.values()].flatMap((column) => {
    const tested = column.filter(({ p }) => p !== undefined);
    const correctedPs = holm(tested.map(({ p }) => p!));
    const byRow = new Map(tested.map((row, i) => [row, correctedPs[i]]));
    return column.map((row) => {
      const correctedP = byRow.get(row);
      if (correctedP === undefined) return row;
      const verdict: Verdict = correctedP < SIGNIFICANCE_LEVEL ? "larger" : "within";
      return { ...row, correctedP, verdict };
    });
  });
}

/** By metric, data set and method, each in the order of tables: methods by this one, the others by code units. */
function inOrder<Row extends RowName>(rows: readonly Row[], order: readonly string[]): Row[] {
  const rank = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]));
  const metrics = rank(orderMetrics(rows.map(({ metric }) => metric)));
  const datasets = rank(orderDatasets(rows.map(({ dataset }) => dataset)));
  const methods = rank(orderMethods(rows.map(({ method }) => method), order));
  return rows.toSorted((a, b) =>
    metrics.get(a.metric)! - metrics.get(b.metric)! || datasets.get(a.dataset)! - datasets.get(b.dataset)! ||
    methods.get(a.method)! - methods.get(b.method)!
  );
}

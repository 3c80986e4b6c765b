import { orderDatasets, orderMethods, orderMetrics } from "#lib/reporting/display_names.ts";
import { metricDisplay } from "#lib/metrics/metric_display.ts";
import { holm } from "#lib/statistics/multiple_testing.ts";
import { mean, sampleSd } from "#lib/statistics/statistics.ts";
import type { RecordedItems } from "#lib/results/items_csv.ts";
import { nameOfRow, type RecordedScore, type RowName } from "#lib/results/scores_csv.ts";
import { itemScores } from "#lib/statistics/item_scores.ts";
import { SIGNIFICANCE_LEVEL } from "#lib/statistics/multiple_testing.ts";
import { type SeedScore, testDifference } from "#lib/statistics/significance.ts";
import type { ChangedRow, SeedSummary, Verdict } from "./comparison.ts";

/** The scores of one experiment in one version. */
export interface ScoredVersion {
  readonly scores: readonly RecordedScore[];
  /** Empty where they are the same in both versions, and so say nothing of a change. */
  readonly items: readonly RecordedItems[];
}

/** Two trained models that were scored. */
export interface ScoredModels {
  readonly onSameItems: boolean;
}

/** The scores of a row of a table, by seed. */
interface Row extends RowName {
  readonly seeds: ReadonlyMap<number, RecordedScore>;
}

/** The items of a row on a seed, where they are there. */
type ItemsOf = (row: Omit<RecordedItems, "values">) => readonly number[] | undefined;

/**
 * A row is changed if a seed's value or number of items is, or the seeds are others. All are in the order of the papers' tables.
 *
 * @param order of methods; others come after
 * @param models given where rows are of trained models as they are, which items alone can tell apart if both were scored on the same; of
 * methods items say nothing of another training run
 */
export function compareRows(
  versions: readonly [before: ScoredVersion, after: ScoredVersion],
  order: readonly string[] = [],
  models?: ScoredModels,
) {
  const [before, after] = versions.map(rowsOf);
  const [itemsBefore, itemsAfter] = versions.map(itemsOf);
  const changed = [...before].flatMap(([key, row]) => {
    const other = after.get(key);
    return other === undefined || isSameRow(row, other)
      ? []
      : [changeOf([row, other], [itemsBefore, itemsAfter], models)];
  });
  const without = (rows: ReadonlyMap<string, Row>, others: ReadonlyMap<string, Row>): RowName[] =>
    inOrder([...rows].filter(([key]) => !others.has(key)).map(([, { seeds: _, ...name }]) => name), order);
  return {
    changed: inOrder(corrected(changed), order),
    added: without(after, before),
    missing: without(before, after),
  };
}

function rowsOf({ scores }: ScoredVersion): ReadonlyMap<string, Row> {
  const groups = Map.groupBy(scores, ({ method, dataset, metric }) => JSON.stringify([method, dataset, metric]));
  return new Map([...groups].map(([key, rows]) => {
    const [{ method, dataset, metric }] = rows;
    return [key, { method, dataset, metric, seeds: new Map(rows.map((row) => [row.seed, row])) }];
  }));
}

function itemsOf({ items }: ScoredVersion): ItemsOf {
  const byName = new Map(items.map((row) => [JSON.stringify(nameOfRow(row)), row.values]));
  return (row) => byName.get(JSON.stringify(nameOfRow(row)));
}

function isSameRow({ seeds: before }: Row, { seeds: after }: Row): boolean {
  return hasSameValues(before, after) && [...before].every(([seed, { count }]) => {
    const other = after.get(seed)!.count;
    return count === other || count === undefined || other === undefined;
  });
}

function hasSameValues(before: Row["seeds"], after: Row["seeds"]): boolean {
  return before.size === after.size && [...before].every(([seed, { value }]) => after.get(seed)?.value === value);
}

function changeOf(
  [row, other]: readonly [Row, Row],
  [itemsBefore, itemsAfter]: readonly [ItemsOf, ItemsOf],
  models: ScoredModels | undefined,
): ChangedRow {
  const { method, dataset, metric } = row;
  const [before, after] = [summaryOf(row), summaryOf(other)];
  const change = after.mean - before.mean;
  const isEqual = hasSameValues(row.seeds, other.seeds);
  const test = testDifference(scoresOf(row, itemsBefore), scoresOf(other, itemsAfter));
  // One seed does not show how much a change varies from seed to seed, whatever its items say of the trained model.
  const { seeds, items } = test.components;
  const itemsAlone = items !== undefined && seeds === undefined && models?.onSameItems === true;
  const isTellable = (seeds !== undefined || itemsAlone) && !isEqual;
  const { better } = metricDisplay(metric);
  const direction = change > 0 ? "up" : change < 0 ? "down" : "none";
  const isBetter = direction === (better === "higher" ? "up" : "down");
  return {
    ...{ method, dataset, metric, before, after, change },
    pairedSeeds: test.pairedSeeds,
    overItems: (seeds !== undefined && items !== undefined) || itemsAlone,
    ...(models ? { itemsAlone } : {}),
    direction,
    p: isTellable ? test.p : undefined,
    correctedP: undefined,
    verdict: isEqual ? "equal" : "untellable",
    quality: better === undefined || direction === "none" ? undefined : isBetter ? "better" : "worse",
  };
}

function summaryOf({ seeds }: Row): SeedSummary {
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

function scoresOf({ metric, seeds }: Row, itemsOf: ItemsOf): SeedScore[] {
  // Of a share of the items, and of nothing else, it is known what one of them weighs.
  const isShare = metricDisplay(metric).scale === "percent";
  return [...seeds.values()].map((score) => {
    const items = itemScores(metric, (part) => itemsOf({ ...score, metric: part }));
    return {
      seed: score.seed,
      value: score.value,
      items: items && [items],
      resolution: isShare && score.count ? 1 / score.count : undefined,
    };
  });
}

/** Corrects for the changed rows of a data set and metric, which are one column of a table, and gives the verdicts that follow. */
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

/** By metric, data set and method, each in the order of tables, methods first by this one. */
function inOrder<Named extends RowName>(rows: readonly Named[], order: readonly string[]): Named[] {
  const rank = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]));
  const metrics = rank(orderMetrics(rows.map(({ metric }) => metric)));
  const datasets = rank(orderDatasets(rows.map(({ dataset }) => dataset)));
  const methods = rank(orderMethods(rows.map(({ method }) => method), order));
  return rows.toSorted((a, b) =>
    metrics.get(a.metric)! - metrics.get(b.metric)! || datasets.get(a.dataset)! - datasets.get(b.dataset)! ||
    methods.get(a.method)! - methods.get(b.method)!
  );
}

import type { ItemsRow } from "#lib/results/items_csv.ts";
import { itemScores } from "#lib/statistics/item_scores.ts";
import { holm, holmFromBest } from "#lib/statistics/multiple_testing.ts";
import { confidenceInterval, type SeedScore, testDifference } from "#lib/statistics/significance.ts";
import { type SeedValue, seedValues } from "./figures/seed_values.ts";
import type { ColumnScores } from "./table_columns.ts";
import type { TestedDifference } from "./table_model.ts";

/** The scores of single items that a table's differences are tested on. */
export class TableItems {
  readonly #rows = new Map<string, readonly number[]>();
  /** Jackknife values are made once for all columns and comparisons. */
  readonly #scores = new Map<string, ArrayLike<number> | undefined>();

  /** @throws {RangeError} if a method, data set, metric and seed occur twice */
  constructor(rows: readonly ItemsRow[]) {
    for (const { method, dataset, metric, seed, values } of rows) {
      const key = JSON.stringify([method, dataset, metric, seed]);
      if (this.#rows.has(key)) {
        throw new RangeError(`Cannot test two sets of items for ${method} ${dataset} ${metric} ${seed}`);
      }
      this.#rows.set(key, values);
    }
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** A method's scores in a column with the items of all its sets; none where a seed lacks some. */
  seedScores({ sets, ofMethod }: Pick<ColumnScores, "sets" | "ofMethod">, method: string): SeedScore[] {
    const series = [...ofMethod.get(method) ?? []];
    const scores = series.flatMap(([seed, value]) => {
      const items = sets.map(({ dataset, metric }) => this.#itemScores(method, dataset, metric, seed))
        .filter((scores) => scores !== undefined);
      return items.length === sets.length ? [{ seed, value, items }] : [];
    });
    return scores.length === series.length ? scores : [];
  }

  #itemScores(method: string, dataset: string, metric: string, seed: number): ArrayLike<number> | undefined {
    const keyOf = (metric: string) => JSON.stringify([method, dataset, metric, seed]);
    const key = keyOf(metric);
    if (!this.#scores.has(key)) this.#scores.set(key, itemScores(metric, (part) => this.#rows.get(keyOf(part))));
    return this.#scores.get(key);
  }
}

/** How far one method is above another in a column; undefined where they lack scores of the same items on the same seeds. */
export function differenceIn(
  column: Pick<ColumnScores, "sets" | "ofMethod">,
  method: string,
  reference: string,
  items: TableItems,
): Omit<TestedDifference, "correctedP"> | undefined {
  const [before, after] = [reference, method].map((each) => items.seedScores(column, each));
  if (before.length === 0 || after.length === 0) return undefined;
  const { pairedSeeds, p, ...tested } = testDifference(before, after);
  return pairedSeeds && tested.components.items && p !== undefined ? { ...tested, p, reference } : undefined;
}

/**
 * The differences of methods from a reference, corrected for their number. Those on other seeds or items are left out.
 *
 * @param isBest whether the reference is the best as it came out
 */
export function differencesFrom(
  reference: string,
  methods: readonly string[],
  column: ColumnScores,
  items: TableItems,
  isBest = false,
): Map<string, TestedDifference> {
  const tested = methods.flatMap((method) => {
    const difference = method === reference ? undefined : differenceIn(column, method, reference, items);
    return difference === undefined ? [] : [{ method, difference }];
  });
  const corrected = (isBest ? holmFromBest : holm)(tested.map(({ difference }) => difference.p));
  return new Map(
    tested.map(({ method, difference }, i) => [method, { ...difference, correctedP: corrected[i] }]),
  );
}

/** What methods gain over a baseline, as a figure of dots takes it. */
export interface Gains {
  readonly values: readonly SeedValue[];
  /** The 95 % interval of a method's gain, where its seeds and items are the baseline's. */
  readonly intervals: ReadonlyMap<string, readonly [low: number, high: number]>;
}

/**
 * Each method's score less the baseline's with the same seed, and what the test says of their mean. Seeds differ from each other more than
 * methods with the same seed do, as these share a teacher and a first student.
 */
export function gainsOver(baseline: string, column: ColumnScores, items: TableItems): Gains {
  const ofBaseline = column.ofMethod.get(baseline) ?? new Map<number, number>();
  const values = seedValues(column).flatMap(({ method, seed, value }) => {
    const reference = ofBaseline.get(seed);
    return reference === undefined ? [] : [{ method, seed, value: value - reference }];
  });
  const intervals = [...column.ofMethod.keys()].flatMap((method) => {
    const tested = method === baseline ? undefined : differenceIn(column, method, baseline, items);
    return tested === undefined ? [] : [[method, confidenceInterval(tested)] as const];
  });
  return { values, intervals: new Map(intervals) };
}

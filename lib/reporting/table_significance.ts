import type { ItemsRow } from "#lib/results/items_csv.ts";
import { holm } from "#lib/statistics/multiple_testing.ts";
import {
  averageOf,
  type CorpusStatistic,
  differenceOf,
  type ItemScores,
  type ResampledMean,
  resampleMeans,
  resampleStatistic,
} from "#lib/statistics/paired_bootstrap.ts";
import type { ColumnScores } from "./table_columns.ts";
import type { TestedDifference } from "./table_model.ts";

/** A method's mean in a column, resampled, and on what. */
export interface ColumnMean {
  /** Seeds and numbers of items: only means on the same ones are compared. */
  readonly basis: string;
  readonly mean: ResampledMean;
}

/** Resamples the items of a table's methods, each data set once for all columns and comparisons that it is in. */
export class ItemResampling {
  /** By data set, metric and method: the values of each seed. */
  readonly #items = new Map<string, Map<string, Map<number, readonly number[]>>>();
  readonly #resampled = new Map<string, ReadonlyMap<string, ColumnMean>>();
  readonly #statistics: readonly CorpusStatistic[];

  /**
   * @param statistics the metrics that are no means over items
   * @throws {RangeError} if a method, data set, metric and seed occur twice
   */
  constructor(items: readonly ItemsRow[], statistics: readonly CorpusStatistic[] = []) {
    this.#statistics = statistics;
    for (const { method, dataset, metric, seed, values } of items) {
      const ofSet = getOrSet(this.#items, setKey(dataset, metric), () => new Map());
      const ofMethod = getOrSet(ofSet, method, () => new Map());
      if (ofMethod.has(seed)) {
        throw new RangeError(`Cannot test two sets of items for ${method} ${dataset} ${metric} ${seed}`);
      }
      ofMethod.set(seed, values);
    }
  }

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  /** The means of the methods that have two or more seeds in the column and items of all of them. */
  meansOf({ sets, averaged, ofMethod }: ColumnScores): Map<string, ColumnMean> {
    const means = new Map<string, ColumnMean>();
    for (const [method, series] of ofMethod) {
      const seeds = [...series.keys()];
      if (seeds.length < 2) continue;
      const parts = sets.flatMap(({ dataset, metric }) => this.#meansOn(dataset, metric, seeds).get(method) ?? []);
      if (parts.length < sets.length) continue;
      const mean = averaged ? averageOf(parts.map(({ mean }) => mean)) : parts[0].mean;
      means.set(method, { basis: parts.map(({ basis }) => basis).join("; "), mean });
    }
    return means;
  }

  /** The means on one data set of all methods that have items of these seeds, as many for each. */
  #meansOn(dataset: string, metric: string, seeds: readonly number[]): ReadonlyMap<string, ColumnMean> {
    return getOrSet(this.#resampled, JSON.stringify([dataset, metric, seeds]), () => {
      const statistic = this.#statistics.find((each) => each.metric === metric);
      const parts = (statistic?.parts ?? [metric]).map((part) => this.#items.get(setKey(dataset, part)) ?? new Map());
      const bySize = new Map<number, Map<string, readonly ItemScores[]>>();
      for (const method of parts[0].keys()) {
        const scores = parts.map((part) => scoresOf(part.get(method), seeds));
        const sizes = new Set(scores.flatMap((ofPart) => ofPart.map((values) => values.length)));
        if (scores.some(({ length }) => length < seeds.length) || sizes.size !== 1 || sizes.has(0)) continue;
        getOrSet(bySize, scores[0][0].length, () => new Map<string, readonly ItemScores[]>()).set(method, scores);
      }
      return new Map([...bySize].flatMap(([size, methods]) => {
        const means = statistic
          ? resampleStatistic(dataset, [...methods.values()], statistic)
          : resampleMeans(dataset, [...methods.values()].map(([scores]) => scores));
        const basis = `seeds ${seeds.join()}, ${size} items`;
        return [...methods.keys()].map((method, i) => [method, { basis, mean: means[i] }] as const);
      }));
    });
  }
}

/** The values of the seeds that there are. */
function scoresOf(bySeed: ReadonlyMap<number, readonly number[]> | undefined, seeds: readonly number[]): ItemScores {
  return seeds.flatMap((seed) => bySeed?.has(seed) ? [bySeed.get(seed)!] : []);
}

/** The differences of methods from a reference, corrected for their number. Those on other seeds or items are left out. */
export function differencesFrom(
  reference: string,
  methods: readonly string[],
  means: ReadonlyMap<string, ColumnMean>,
): Map<string, TestedDifference> {
  const compared = means.get(reference);
  const tested = methods.filter((method) =>
    method !== reference && compared !== undefined && means.get(method)?.basis === compared.basis
  );
  const differences = tested.map((method) => differenceOf(means.get(method)!.mean, compared!.mean));
  const corrected = holm(differences.map(({ p }) => p));
  return new Map(tested.map((method, i) => [method, { ...differences[i], reference, correctedP: corrected[i] }]));
}

function setKey(dataset: string, metric: string): string {
  return JSON.stringify([dataset, metric]);
}

function getOrSet<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  if (!map.has(key)) map.set(key, make());
  return map.get(key)!;
}

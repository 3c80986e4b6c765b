import type { ColumnScores } from "#lib/reporting/table_columns.ts";
import { mean, sampleSd } from "#lib/statistics/statistics.ts";

/** What one trained model has in one measure. */
export interface SeedValue {
  readonly method: string;
  readonly seed: number;
  readonly value: number;
}

/** Where the middle of some values lies and how far they spread. */
export interface Summary {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What a band or an error bar spans: the least to the greatest value, or one sample standard deviation on each side of the mean. */
export type Spread = "range" | "sd";
export const ONE_SD = "one sample standard deviation on each side";

/** The scores of a table's column, run by run. */
export function seedValues({ ofMethod }: Pick<ColumnScores, "ofMethod">): SeedValue[] {
  return [...ofMethod].flatMap(([method, series]) => [...series].map(([seed, value]) => ({ method, seed, value })));
}

/** A method's values in the order of the seeds, multiplied by `scale`. */
export function valuesOf(values: readonly SeedValue[], method: string, scale = 1): number[] {
  return values.filter((value) => value.method === method).toSorted((a, b) => a.seed - b.seed)
    .map(({ value }) => scale * value);
}

/** The seeds of a method's values. */
export function seedsOf(values: readonly SeedValue[], method: string): number[] {
  return values.filter((value) => value.method === method).map(({ seed }) => seed);
}

/** One value has no spread: its low and high are the value. */
export function summarize(values: readonly number[], spread: Spread): Summary {
  const center = mean(values);
  const [low, high] = values.length === 1 ? [center, center] : spreadOf(values, center, spread);
  return { mean: drawable(center), low: drawable(low), high: drawable(high) };
}

function spreadOf(values: readonly number[], center: number, spread: Spread): [number, number] {
  if (spread === "range") return [Math.min(...values), Math.max(...values)];
  const sd = sampleSd(values);
  return [center - sd, center + sd];
}

const SIGNIFICANT_DIGITS = 9;
const SMALLEST = 1e-200;

/** A value as precisely as any figure shows it. An axis over a range near the limits of floating point has no ticks. */
export function drawable(value: number): number {
  return Math.abs(value) < SMALLEST ? 0 : Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/**
 * @throws {RangeError} if a value is not finite or two have the same key: neither can be drawn as it is
 */
export function checkValues<Row extends { readonly value: number }>(
  rows: readonly Row[],
  keyOf: (row: Row) => readonly (string | number)[],
): void {
  const keys = new Set<string>();
  for (const row of rows) {
    const key = keyOf(row);
    if (!Number.isFinite(row.value)) throw new RangeError(`Cannot draw ${key.join(" ")}: it is ${row.value}`);
    if (keys.size === keys.add(JSON.stringify(key)).size) {
      throw new RangeError(`Cannot draw two values for ${key.join(" ")}`);
    }
  }
}

/** The same for what trained models have in one measure. */
export function checkRuns(values: readonly SeedValue[]): void {
  checkValues(values, ({ method, seed }) => [method, `seed ${seed}`]);
}

/**
 * What marks are taken over, as in "Dots: mean over seeds 10, 20. Bars: …": the spread is explained where one of them has several seeds.
 *
 * @param seedsOf the seeds of each label
 */
export function marksNote(marks: string, seedsOf: ReadonlyMap<string, readonly number[]>, spread = ""): string[] {
  const all = [...seedsOf.values()];
  if (all.flat().length === 0) return [];
  if (all.every((seeds) => new Set(seeds).size < 2)) return [`${marks}: ${seedsNote(seedsOf)}.`];
  return [`${marks}: mean over ${seedsNote(seedsOf)}.${spread === "" ? "" : ` ${spread}`}`];
}

/**
 * Says what a mean is taken over, as in "seeds 10, 20, 30", and which methods have others.
 *
 * @param seedsOf the seeds of each label
 */
export function seedsNote(seedsOf: ReadonlyMap<string, readonly number[]>): string {
  const lists = new Map([...seedsOf].map(([label, seeds]) => [label, [...new Set(seeds)].sort((a, b) => a - b)]));
  const all = [...new Set([...lists.values()].flat())].sort((a, b) => a - b);
  const fewer = [...lists].filter(([, seeds]) => seeds.length > 0 && seeds.length < all.length)
    .map(([label, seeds]) => `${label}: ${listOf(seeds)}`);
  const note = listOf(all);
  return fewer.length === 0 ? note : `${note} (${fewer.join("; ")})`;
}

function listOf(seeds: readonly number[]): string {
  return `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}`;
}

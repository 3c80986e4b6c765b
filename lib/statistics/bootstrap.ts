import { RandomStream } from "#lib/random/random_stream.ts";

/** An interval that a value lies in by 95 %. */
export type Interval = readonly [low: number, high: number];

const RESAMPLES = 1000;
const LEVEL = 0.05;
/** What is drawn is the same for every run: an interval of the same items is the same. */
const SEED = 0;

/**
 * The percentile bootstrap interval of a value that is computed from sums over items: 1,000 times as many items are drawn with
 * replacement, and the interval leaves out 2.5 % of the values on each side (Efron & Tibshirani 1993, chapter 13). It says how far the value
 * would move with other items of the same kind; nothing of another training run.
 *
 * @param parts of each part of the value the items' numbers; one part, the items themselves, for a mean
 * @param valueOf from the sums over the items drawn, and how many there are
 * @returns undefined for fewer than two items
 */
export function bootstrapInterval(
  parts: readonly ArrayLike<number>[],
  valueOf: (sums: readonly number[], count: number) => number,
): Interval | undefined {
  const count = parts[0].length;
  if (count < 2) return undefined;
  const random = new RandomStream(SEED, "bootstrap");
  const values = Float64Array.from({ length: RESAMPLES }, () => {
    const sums = parts.map(() => 0);
    for (let drawn = 0; drawn < count; drawn++) {
      const item = random.integer(count);
      for (let part = 0; part < parts.length; part++) sums[part] += parts[part][item];
    }
    return valueOf(sums, count);
  }).sort();
  return [quantile(values, LEVEL / 2), quantile(values, 1 - LEVEL / 2)];
}

/** Of sorted values, between the two nearest. */
function quantile(values: Float64Array, share: number): number {
  const at = share * (values.length - 1);
  const below = Math.floor(at);
  return values[below] + (at - below) * (values[Math.min(below + 1, values.length - 1)] - values[below]);
}

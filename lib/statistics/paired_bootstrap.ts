import { RandomStream } from "#lib/random/random_stream.ts";

/** What one method scored: `scores[seed][item]`. Seed s and item i are the same training seed and item for all methods compared. */
export type ItemScores = readonly (readonly number[])[];

export interface BootstrapOptions {
  /** Default 10 000. */
  readonly resamples?: number;
  /** Seed of the random numbers, from 0 to 2^32 − 1; default 1. Any other gives the same within Monte-Carlo error. */
  readonly seed?: number;
}

/** A method's mean, and the means that it would have had on resampled seeds and items. */
export interface ResampledMean {
  readonly mean: number;
  /** One per resample; resample r is the same seeds and items for every method. */
  readonly resampled: Float64Array;
}

/** How far one mean is above another. */
export interface Difference {
  readonly difference: number;
  /** The 95 % percentile interval, from the 2.5th to the 97.5th percentile of the resampled differences. */
  readonly low: number;
  readonly high: number;
  /** Two-sided: min(1, 2 (min(#{d ≤ 0}, #{d ≥ 0}) + 1) / (R + 1)) of R resampled differences d; never below 2 / (R + 1). */
  readonly p: number;
}

export const RESAMPLES = 10_000;
const RANDOM_SEED = 1;
const TWO_TO_32 = 2 ** 32;

/**
 * The paired bootstrap over training seeds and items of one data set (Efron & Tibshirani 1993, chapters 13 and 16; both resampled
 * independently: Owen 2007, "The pigeonhole bootstrap"). Each resample draws as many seeds as there are and as many
 * items as there are, with replacement, and takes the mean over the drawn seeds and items. All methods get the same draws, so
 * that `differenceOf` is paired; all data sets get the same seeds, so that `averageOf` resamples a training run as a whole.
 *
 * What this can say, and what not. An interval over items is sound, for there are hundreds. Seeds are few:
 * - All S seeds drawn are one and the same with probability S^(1−S), and a given one with S^−S. If the methods differ the other way
 *   on one of 3 seeds, 1/27 of the resamples see that seed alone, and p cannot fall far below 2/27 = 0.07; of 5 seeds, 2/3125.
 * - If all seeds agree by more than the items waver, p is as small as it gets. Chance alone makes them agree with probability
 *   2^(1−S): 1/4 for 3 seeds, 1/16 for 5. Where seeds matter more than items, equal methods are told apart at least that often,
 *   and no correction for the number of tests mends it.
 *
 * Share of p < 0.05 among 2000 simulated pairs of equal methods (200 items; in each item of each seed the difference has standard
 * deviation 0.3, the same for all seeds 0.15, and between seeds σ), and chance that any of 13 methods equal to the baseline has a p
 * below 0.05 by Holm's correction (150 simulations):
 *
 *     σ                 0      0.02   0.05   0.1    0.2
 *     3 seeds, a pair   0.01   0.03   0.09   0.19   0.24
 *     5 seeds, a pair   0.01   0.02   0.06   0.10   0.13
 *     3 seeds, any             0.01   0.14   0.49
 *     5 seeds, any             0.01   0.10   0.21
 *
 * The test is cautious while σ is small (an item of a seed counts as seed, as item and as itself) and believes too much where σ is
 * large.
 *
 * @param dataset names the stream of the items' draws: other data sets have independent ones
 * @param methods each of the same numbers of seeds and items
 * @returns one per method
 * @throws {RangeError} if there are no items or the numbers differ
 */
export function resampleMeans(
  dataset: string,
  methods: readonly ItemScores[],
  { resamples = RESAMPLES, seed = RANDOM_SEED }: BootstrapOptions = {},
): ResampledMean[] {
  if (methods.length === 0) return [];
  const seedCount = methods[0].length;
  const itemCount = methods[0][0]?.length ?? 0;
  const alike = methods.every((scores) =>
    scores.length === seedCount && scores.every((values) => values.length === itemCount)
  );
  if (!alike || itemCount === 0) {
    throw new RangeError(
      `Cannot resample ${dataset}: every method needs the same seeds and items, at least one of each`,
    );
  }
  const { counts, drawn } = drawSeeds(seedCount, resamples, seed);
  const overSeeds = methods.map((scores) => counts.map((timesDrawn) => weightedItems(scores, timesDrawn)));
  const results = methods.map((scores): ResampledMean => ({
    mean: sum(weightedItems(scores, scores.map(() => 1))) / (seedCount * itemCount),
    resampled: new Float64Array(resamples),
  }));
  const stream = new RandomStream(seed, `bootstrap items of ${dataset}`);
  const items = new Uint32Array(itemCount);
  for (let resample = 0; resample < resamples; resample++) {
    drawItems(stream, items);
    for (let method = 0; method < methods.length; method++) {
      const total = sumAt(overSeeds[method][drawn[resample]], items);
      results[method].resampled[resample] = total / (seedCount * itemCount);
    }
  }
  return results;
}

/** A score that is no mean over items but computed from sums over them, as BLEU is from counts of n-grams. */
export interface CorpusStatistic {
  readonly metric: string;
  /** What `items.csv` keeps of each item, by the names of its metrics there. */
  readonly parts: readonly string[];
  /** @param sums over the items of a set, one for each of `parts` */
  valueOf(sums: readonly number[]): number;
}

/** Fewer than of means: each resample sums every part of every seed anew. */
export const STATISTIC_RESAMPLES = 2000;

/**
 * The same for a corpus statistic (Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation"): each resample
 * draws seeds and items, takes the statistic of every drawn seed on the drawn items, and their mean.
 *
 * @param methods `methods[m][part]` are the scores of a part, in the order of the statistic's
 * @returns one per method
 * @throws {RangeError} if there are no items or the numbers differ
 */
export function resampleStatistic(
  dataset: string,
  methods: readonly (readonly ItemScores[])[],
  { parts, valueOf }: Pick<CorpusStatistic, "parts" | "valueOf">,
  { resamples = STATISTIC_RESAMPLES, seed = RANDOM_SEED }: BootstrapOptions = {},
): ResampledMean[] {
  if (methods.length === 0) return [];
  const seedCount = methods[0][0].length;
  const itemCount = methods[0][0][0]?.length ?? 0;
  const alike = methods.every((ofParts) =>
    ofParts.length === parts.length &&
    ofParts.every((scores) => scores.length === seedCount && scores.every(({ length }) => length === itemCount))
  );
  if (!alike || itemCount === 0) {
    throw new RangeError(
      `Cannot resample ${dataset}: every method needs the same parts, seeds and items, at least one of each`,
    );
  }
  // A row for each item: its numbers of all methods, seeds and parts, so that a resample adds whole rows.
  const width = methods.length * seedCount * parts.length;
  const table = new Float64Array(itemCount * width);
  methods.forEach((ofParts, m) =>
    ofParts.forEach((scores, part) =>
      scores.forEach((values, s) =>
        values.forEach((value, item) => table[item * width + (m * seedCount + s) * parts.length + part] = value)
      )
    )
  );
  const meansOf = (items: Iterable<number>, timesDrawn: readonly number[]): number[] => {
    const sums = new Float64Array(width);
    for (const item of items) for (let i = 0; i < width; i++) sums[i] += table[item * width + i];
    return methods.map((_, m) =>
      timesDrawn.reduce((total, times, s) => {
        if (times === 0) return total;
        const start = (m * seedCount + s) * parts.length;
        return total + times * valueOf([...sums.subarray(start, start + parts.length)]);
      }, 0) / seedCount
    );
  };
  const { counts, drawn } = drawSeeds(seedCount, resamples, seed);
  const whole = meansOf(Array(itemCount).keys(), Array(seedCount).fill(1));
  const results = methods.map((_, m): ResampledMean => ({ mean: whole[m], resampled: new Float64Array(resamples) }));
  const stream = new RandomStream(seed, `bootstrap items of ${dataset}`);
  const items = new Uint32Array(itemCount);
  for (let resample = 0; resample < resamples; resample++) {
    drawItems(stream, items);
    meansOf(items, counts[drawn[resample]]).forEach((mean, m) => results[m].resampled[resample] = mean);
  }
  return results;
}

/** The mean over data sets, resample by resample. */
export function averageOf(sets: readonly ResampledMean[]): ResampledMean {
  const { resampled } = sets[0];
  return {
    mean: sets.reduce((total, { mean }) => total + mean, 0) / sets.length,
    resampled: resampled.map((_, r) => sets.reduce((total, set) => total + set.resampled[r], 0) / sets.length),
  };
}

/** a − b, of the same resamples. */
export function differenceOf(a: ResampledMean, b: ResampledMean): Difference {
  const differences = a.resampled.map((value, r) => value - b.resampled[r]);
  let notAbove = 0;
  let notBelow = 0;
  for (const difference of differences) {
    if (difference <= 0) notAbove++;
    if (difference >= 0) notBelow++;
  }
  differences.sort();
  return {
    difference: a.mean - b.mean,
    low: percentile(differences, 0.025),
    high: percentile(differences, 0.975),
    p: Math.min(1, 2 * (Math.min(notAbove, notBelow) + 1) / (differences.length + 1)),
  };
}

/**
 * The value below which a share of sorted values lies, between two of them on the line that joins them (Hyndman & Fan 1996, type 7).
 *
 * @throws {RangeError} if there are no values
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a percentile of no values");
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

interface SeedDraws {
  /** The different draws, each as how often every seed is in it. */
  readonly counts: readonly (readonly number[])[];
  /** For each resample the index of its draw. */
  readonly drawn: Uint32Array;
}

/** Few seeds make few different draws (10 of 3 seeds, 126 of 5): items are summed over the seeds once for each of them. */
function drawSeeds(seedCount: number, resamples: number, seed: number): SeedDraws {
  const stream = new RandomStream(seed, "bootstrap seeds");
  const indexes = new Map<string, number>();
  const counts: number[][] = [];
  const drawn = new Uint32Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    const timesDrawn = new Array<number>(seedCount).fill(0);
    for (let draw = 0; draw < seedCount; draw++) timesDrawn[stream.integer(seedCount)]++;
    const key = timesDrawn.join();
    if (!indexes.has(key)) indexes.set(key, counts.push(timesDrawn) - 1);
    drawn[resample] = indexes.get(key)!;
  }
  return { counts, drawn };
}

/** Fills `items` with indexes below their count. A uniform number below n^k is k independent ones below n: fewer draws. */
function drawItems(stream: RandomStream, items: Uint32Array): void {
  const count = items.length;
  let digits = 1;
  let range = count;
  for (; count > 1 && range * count <= TWO_TO_32; range *= count) digits++;
  for (let at = 0; at < count;) {
    let number = stream.integer(range);
    for (let digit = 0; digit < digits && at < count; digit++, at++) {
      const rest = Math.floor(number / count);
      items[at] = number - rest * count;
      number = rest;
    }
  }
}

/** Whole weights, not shares, so that scores such as 0, 1/2 and 1 add up without rounding and equal sums compare as equal. */
function weightedItems(scores: ItemScores, weights: readonly number[]): Float64Array {
  const totals = new Float64Array(scores[0].length);
  scores.forEach((values, seed) => values.forEach((value, item) => totals[item] += weights[seed] * value));
  return totals;
}

function sumAt(values: Float64Array, indexes: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < indexes.length; i++) total += values[indexes[i]];
  return total;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

import { mean, sampleVariance } from "./statistics.ts";
import { detectableShift, studentQuantile, studentTwoSidedP } from "./student_t.ts";

/** What one training run scored. */
export interface SeedScore {
  readonly seed: number;
  readonly value: number;
  /**
   * The scores of the items of each data set: `value` is the mean over the sets of the means of their items. One list where `value` is of
   * one set; undefined where it is no such mean or the items were not kept.
   */
  readonly items?: readonly ArrayLike<number>[];
  /** How much one item can change the value, where that is known: 1/200 for a share of 200 items. */
  readonly resolution?: number;
}

/** An estimate of a variance, and what it rests on. */
export interface Variance {
  readonly value: number;
  readonly degreesOfFreedom: number;
}

/**
 * What the variance of a mean difference is estimated from: the mean squares of seeds, of items and of their interaction, each divided by the
 * number of differences. Undefined where there is one seed, or there are no items.
 */
export interface VarianceComponents {
  readonly seeds?: Variance;
  readonly items?: Variance;
  readonly residual?: Variance;
}

/** How far one mean over seeds is from another, and whether that is more than chance explains. */
export interface Significance {
  /** `after` minus `before`. */
  readonly difference: number;
  /** Two-sided; undefined where neither seeds nor items show how much the difference varies. */
  readonly p: number | undefined;
  /** The same seeds on both sides, so that each is compared with itself. */
  readonly pairedSeeds: boolean;
  /** What showed how much the difference varies: seeds, items or both. */
  readonly components: VarianceComponents;
}

/** Items have four significant digits, and a value six decimals. */
const ROUNDING = 1e-3;
const INTERVAL_LEVEL = 0.05;

/**
 * Tests in closed form whether two sets of training runs differ in the mean: two methods, or one method in two versions.
 *
 * With the same seeds on both sides and items, the differences d[s][i] are a two-way layout with random seeds and random items (Cornfield &
 * Tukey 1956; Clark 1973, "The language-as-fixed-effect fallacy"). Of the mean squares of seeds, items and residual, each divided by
 * the number of all differences, the variance of their mean is estimated as V = V_seed + V_item − V_residual, with Satterthwaite's (1946)
 * degrees of freedom. With few seeds V_seed may by chance be small, and V with its many degrees of freedom then believes too much. So a
 * difference must also be larger than seeds alone explain (V_seed, S − 1 degrees of freedom) and than items alone explain (V_item, I − 1):
 * p is the largest of the three, Student's t each, and the confidence interval the widest. `tools/calibrate_significance.ts` measures how often equal
 * methods are told apart.
 *
 * Of a mean over K data sets the sets are fixed and their items independent, while a seed is one training run for all of them: V_seed is that
 * of the means over the sets, V_item and V_residual are the sums over the sets divided by K².
 *
 * With other seeds on one side, V_seed is Welch's (1947), V_item that of the differences of the items' means over the seeds, V_residual the
 * sum of both sides'. Without items, or if their numbers differ, V_seed alone is left; with one seed on a side V_item alone, which speaks of
 * the trained models and not of the methods.
 *
 * Seeds alone are not taken to vary by less than the rounding of a value to its resolution does (Sheppard 1898: a twelfth of its
 * square): one more right answer of 200 on each of three seeds would otherwise be beyond doubt.
 *
 * A difference that is the same on every seed and item has p 0, none at all has p 1.
 *
 * @param before one per seed, at least one
 * @param after likewise
 */
export function testDifference(before: readonly SeedScore[], after: readonly SeedScore[]): Significance {
  const partners = new Map(after.map((score) => [score.seed, score]));
  const pairedSeeds = before.length === after.length && before.every(({ seed }) => partners.has(seed));
  const matched = pairedSeeds ? before.map(({ seed }) => partners.get(seed)!) : after;
  const layout = haveAlikeItems([...before, ...after]) ? itemLayout : seedLayout;
  const { difference, components } = layout(before, matched, pairedSeeds);
  const bounds = boundsOf(components);
  return {
    difference,
    p: bounds.length === 0 ? undefined : Math.max(...bounds.map((variance) => pOf(difference, variance))),
    pairedSeeds,
    components,
  };
}

/** The 95 % interval of a tested difference: it holds 0 where p is 0.05 or more, and nowhere else. Infinite where there is no p. */
export function confidenceInterval(
  { difference, components }: Pick<Significance, "difference" | "components">,
): readonly [low: number, high: number] {
  const bounds = boundsOf(components);
  const half = bounds.length === 0 ? Infinity : Math.max(...bounds.map(halfWidth));
  return [difference - half, difference + half];
}

/**
 * The true difference that a test at `level` finds with a probability of about `power`, given how much differences like it vary.
 *
 * @param like the components of differences that are taken to vary alike: their variances are averaged
 */
export function detectableDifference(like: readonly VarianceComponents[], level: number, power = 0.8): number {
  const pooled = (name: keyof VarianceComponents): Variance | undefined => {
    const parts = like.flatMap(({ [name]: part }) => part ?? []);
    if (parts.length === 0) return undefined;
    return { value: mean(parts.map(({ value }) => value)), degreesOfFreedom: parts[0].degreesOfFreedom };
  };
  const bounds = boundsOf({ seeds: pooled("seeds"), items: pooled("items"), residual: pooled("residual") });
  return Math.max(
    ...bounds.map(({ value, degreesOfFreedom }) => Math.sqrt(value) * detectableShift(level, degreesOfFreedom, power)),
  );
}

/** Whether items alone, of the trained models as they are, show `difference` to be none of chance. */
export function isClearOverItems(
  { difference, components: { items } }: Pick<Significance, "difference" | "components">,
): boolean {
  return items !== undefined && pOf(difference, items) < INTERVAL_LEVEL;
}

/** As many items on each seed, at least two of each data set, whose mean the value is. */
function haveAlikeItems(scores: readonly SeedScore[]): boolean {
  const counts = scores[0].items?.map(({ length }) => length) ?? [];
  return counts.length > 0 && counts.every((count) => count > 1) &&
    scores.every(({ value, items }) =>
      items !== undefined && items.map(({ length }) => length).join() === counts.join() &&
      Math.abs(mean(items.map((values) => mean(values))) - value) <= ROUNDING * Math.max(1, Math.abs(value))
    );
}

interface Layout {
  readonly difference: number;
  readonly components: VarianceComponents;
}

/** @param after in the order of `before` where the seeds are paired */
function seedLayout(before: readonly SeedScore[], after: readonly SeedScore[], paired: boolean): Layout {
  const [a, b] = [before, after].map((scores) => scores.map(({ value }) => value));
  const difference = mean(b) - mean(a);
  if (a.length < 2 || b.length < 2) return { difference, components: {} };
  if (!paired) {
    return { difference, components: { seeds: sumOf([before, after].map((scores) => varianceOverSeeds(scores))) } };
  }
  const changes = b.map((value, i) => value - a[i]);
  const variance = Math.max(sampleVariance(changes), roundingOf(before) + roundingOf(after));
  return {
    difference: mean(changes),
    components: { seeds: { value: variance / changes.length, degreesOfFreedom: changes.length - 1 } },
  };
}

function varianceOverSeeds(scores: readonly SeedScore[]): Variance {
  const variance = Math.max(sampleVariance(scores.map(({ value }) => value)), roundingOf(scores));
  return { value: variance / scores.length, degreesOfFreedom: scores.length - 1 };
}

/** The variance of a value from rounding. */
function roundingOf(scores: readonly SeedScore[]): number {
  return mean(scores.map(({ resolution = 0 }) => resolution ** 2 / 12));
}

function itemLayout(before: readonly SeedScore[], after: readonly SeedScore[], paired: boolean): Layout {
  const [a, b] = [before, after].map((scores) => scores.map(({ items }) => items!));
  if (paired) {
    const { center, seeds, itemMeans, residual } = analyse(
      b.map((sets, s) => sets.map((values, set) => differences(values, a[s][set]))),
    );
    return { difference: center, components: { seeds, items: varianceOverItems(itemMeans), residual } };
  }
  const [one, other] = [a, b].map(analyse);
  const sum = (name: "seeds" | "residual") => {
    const parts = [one[name], other[name]].filter((part) => part !== undefined);
    return parts.length < 2 ? undefined : sumOf(parts);
  };
  const changes = other.itemMeans.map((means, set) => differences(means, one.itemMeans[set]));
  return {
    difference: other.center - one.center,
    components: { seeds: sum("seeds"), items: varianceOverItems(changes), residual: sum("residual") },
  };
}

/** @param rows of each seed the values of the items of each data set */
function analyse(rows: readonly (readonly ArrayLike<number>[])[]) {
  const seedCount = rows.length;
  const sets = rows[0].map((_, set) => analyseSet(rows.map((ofSeed) => ofSeed[set])));
  const seedMeans = rows.map((_, s) => mean(sets.map(({ seedMeans }) => seedMeans[s])));
  const isOne = seedCount < 2;
  return {
    center: mean(seedMeans),
    itemMeans: sets.map(({ itemMeans }) => itemMeans),
    seeds: isOne ? undefined : {
      value: sampleVariance(seedMeans) / seedCount,
      degreesOfFreedom: seedCount - 1,
    },
    residual: isOne ? undefined : meanVariance(sets.map(({ residual }) => residual)),
  };
}

/** One data set: the means of seeds and items, and what neither explains. */
function analyseSet(rows: readonly ArrayLike<number>[]) {
  const [seedCount, itemCount] = [rows.length, rows[0].length];
  const seedMeans = rows.map((row) => mean(row));
  const center = mean(seedMeans);
  const itemMeans = new Float64Array(itemCount);
  for (const row of rows) for (let i = 0; i < itemCount; i++) itemMeans[i] += row[i] / seedCount;
  let residual = 0;
  for (let s = 0; s < seedCount; s++) {
    const shift = center - seedMeans[s];
    for (let i = 0; i < itemCount; i++) residual += (rows[s][i] - itemMeans[i] + shift) ** 2;
  }
  const degreesOfFreedom = (seedCount - 1) * (itemCount - 1);
  return {
    seedMeans,
    itemMeans,
    residual: { value: residual / degreesOfFreedom / (seedCount * itemCount), degreesOfFreedom },
  };
}

/** @param means of the items of each data set */
function varianceOverItems(means: readonly Float64Array[]): Variance {
  return meanVariance(
    means.map((values) => ({
      value: sampleVariance(values) / values.length,
      degreesOfFreedom: values.length - 1,
    })),
  );
}

/** That of the mean of independent estimates. */
function meanVariance(parts: readonly Variance[]): Variance {
  const { value, degreesOfFreedom } = sumOf(parts);
  return { value: value / parts.length ** 2, degreesOfFreedom };
}

/** The variances that a difference must each be too large for. */
function boundsOf({ seeds, items, residual }: VarianceComponents): Variance[] {
  const alone = [seeds, items].filter((part) => part !== undefined);
  if (!seeds || !items || !residual) return alone;
  const all = sumOf([seeds, items, residual], [1, 1, -1]);
  // Where the residual is the larger of the two that it is taken from, the sum says nothing that one alone does not.
  return all.value > Math.max(seeds.value, items.value) ? [...alone, all] : alone;
}

/** A sum of variances, with the degrees of freedom after Satterthwaite. */
function sumOf(parts: readonly Variance[], signs: readonly number[] = parts.map(() => 1)): Variance {
  const value = parts.reduce((sum, part, i) => sum + signs[i] * part.value, 0);
  const spread = parts.reduce((sum, part) => sum + part.value ** 2 / part.degreesOfFreedom, 0);
  return { value, degreesOfFreedom: spread === 0 ? 1 : value ** 2 / spread };
}

function pOf(difference: number, { value, degreesOfFreedom }: Variance): number {
  if (difference === 0) return 1;
  return value === 0 ? 0 : studentTwoSidedP(difference / Math.sqrt(value), degreesOfFreedom);
}

function halfWidth({ value, degreesOfFreedom }: Variance): number {
  return value === 0 ? 0 : Math.sqrt(value) * studentQuantile(INTERVAL_LEVEL, degreesOfFreedom);
}

function differences(after: ArrayLike<number>, before: ArrayLike<number>): Float64Array {
  const changes = new Float64Array(after.length);
  for (let i = 0; i < changes.length; i++) changes[i] = after[i] - before[i];
  return changes;
}

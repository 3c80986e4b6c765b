import { studentTwoSidedP } from "./student_t.ts";

/** What one training run scored. */
export interface SeedScore {
  readonly seed: number;
  readonly value: number;
  /** What `value` is the mean of; undefined where it is no mean or they were not kept. */
  readonly items?: ArrayLike<number>;
  /** How much one item can change the value, where that is known: 1/200 for a share of 200 items. */
  readonly resolution?: number;
}

/** Whether a change of a mean over seeds is larger than the noise. */
export interface ChangeSignificance {
  /** Two-sided; undefined where a side has one seed only, which does not tell how much seeds vary. */
  readonly p: number | undefined;
  /** The same seeds on both sides, so that each is compared with itself. */
  readonly pairedSeeds: boolean;
  /** Whether the items told, too, how much the change varies. */
  readonly overItems: boolean;
}

/** An estimate of the variance of the mean change, and what it rests on. */
interface Variance {
  readonly value: number;
  readonly degreesOfFreedom: number;
}

/** Items have four significant digits, and a value six decimals. */
const ROUNDING = 1e-3;

/**
 * Tests whether the mean changed between two sets of training runs, in closed form.
 *
 * With the same seeds on both sides and items, the changes d[s][i] are a two-way layout with random seeds and random items (Cornfield &
 * Tukey 1956; Clark 1973, "The language-as-fixed-effect fallacy"). Of the mean squares of seeds, items and residual, each divided by
 * the number of all changes, the variance of their mean is estimated as V = V_seed + V_item − V_residual, with Satterthwaite's (1946)
 * degrees of freedom. With few seeds V_seed may by chance be small, and V with its many degrees of freedom then believes too much: of
 * equal methods with 3 seeds it tells 8 % apart at 5 %. So a change must also be larger than seeds alone explain (V_seed, S − 1
 * degrees of freedom) and than items alone explain (V_item, I − 1): p is the largest of the three, Student's t each.
 *
 * With other seeds on one side, V_seed is Welch's (1947), V_item that of the items' changes of their means over the seeds, V_residual the
 * sum of both sides'. Without items, or if their numbers differ, V_seed alone is left.
 *
 * Seeds alone are not taken to vary by less than the rounding of a value to its resolution does (Sheppard 1898: a twelfth of its
 * square): one more right answer of 200 on each of three seeds would otherwise be beyond doubt.
 *
 * A change that is the same on every seed and item has p 0, no change at all has p 1.
 *
 * @param before one per seed, at least one
 * @param after likewise
 */
export function testChange(before: readonly SeedScore[], after: readonly SeedScore[]): ChangeSignificance {
  const partners = new Map(after.map((score) => [score.seed, score]));
  const pairedSeeds = before.length === after.length && before.every(({ seed }) => partners.has(seed));
  const overItems = haveAlikeItems([...before, ...after]);
  if (before.length < 2 || after.length < 2) return { p: undefined, pairedSeeds, overItems: false };
  if (pairedSeeds) {
    const pairs = before.map((score) => [score, partners.get(score.seed)!] as const);
    return { p: overItems ? pairedOverItems(pairs) : pairedOverSeeds(pairs), pairedSeeds, overItems };
  }
  return { p: overItems ? unpairedOverItems(before, after) : unpairedOverSeeds(before, after), pairedSeeds, overItems };
}

/** As many items on each seed, at least two, whose mean the value is. */
function haveAlikeItems(scores: readonly SeedScore[]): boolean {
  const count = scores[0].items?.length ?? 0;
  return count > 1 &&
    scores.every(({ value, items }) =>
      items?.length === count && Math.abs(meanOf(items) - value) <= ROUNDING * Math.max(1, Math.abs(value))
    );
}

type Pair = readonly [before: SeedScore, after: SeedScore];

function pairedOverSeeds(pairs: readonly Pair[]): number {
  const changes = pairs.map(([before, after]) => after.value - before.value);
  const variance = Math.max(
    varianceOf(changes),
    roundingOf(pairs.map(([before]) => before)) + roundingOf(pairs.map(([, after]) => after)),
  );
  return pOf(meanOf(changes), { value: variance / changes.length, degreesOfFreedom: changes.length - 1 });
}

/** The variance of a value from rounding. */
function roundingOf(scores: readonly SeedScore[]): number {
  return meanOf(scores.map(({ resolution = 0 }) => resolution ** 2 / 12));
}

function pairedOverItems(pairs: readonly Pair[]): number {
  const changes = pairs.map(([before, after]) => differences(after.items!, before.items!));
  const { mean, seeds, items, residual } = analyse(changes);
  return largestP(mean, seeds, items, residual);
}

function unpairedOverSeeds(before: readonly SeedScore[], after: readonly SeedScore[]): number {
  const parts = [before, after].map((scores) => {
    const variance = Math.max(varianceOf(scores.map(({ value }) => value)), roundingOf(scores));
    return { value: variance / scores.length, degreesOfFreedom: scores.length - 1 };
  });
  const [a, b] = [before, after].map((scores) => meanOf(scores.map(({ value }) => value)));
  return pOf(b - a, sumOf(parts));
}

function unpairedOverItems(before: readonly SeedScore[], after: readonly SeedScore[]): number {
  const [a, b] = [before, after].map((scores) => analyse(scores.map(({ items }) => items!)));
  const changes = differences(b.itemMeans, a.itemMeans);
  const count = changes.length;
  const items = { value: varianceOf(changes) / count, degreesOfFreedom: count - 1 };
  return largestP(b.mean - a.mean, sumOf([a.seeds, b.seeds]), items, sumOf([a.residual, b.residual]));
}

/** The variances of the mean of a layout of seeds × items that each of its mean squares would be by itself. */
function analyse(rows: readonly ArrayLike<number>[]) {
  const [seedCount, itemCount] = [rows.length, rows[0].length];
  const seedMeans = rows.map(meanOf);
  const mean = meanOf(seedMeans);
  const itemMeans = new Float64Array(itemCount);
  for (const row of rows) for (let i = 0; i < itemCount; i++) itemMeans[i] += row[i] / seedCount;
  let residual = 0;
  for (let s = 0; s < seedCount; s++) {
    const shift = mean - seedMeans[s];
    for (let i = 0; i < itemCount; i++) residual += (rows[s][i] - itemMeans[i] + shift) ** 2;
  }
  const degreesOfFreedom = (seedCount - 1) * (itemCount - 1);
  return {
    mean,
    itemMeans,
    seeds: { value: varianceOf(seedMeans) / seedCount, degreesOfFreedom: seedCount - 1 },
    items: { value: varianceOf(itemMeans) / itemCount, degreesOfFreedom: itemCount - 1 },
    residual: { value: residual / degreesOfFreedom / (seedCount * itemCount), degreesOfFreedom },
  };
}

function largestP(mean: number, seeds: Variance, items: Variance, residual: Variance): number {
  const all = sumOf([seeds, items, residual], [1, 1, -1]);
  const alone = Math.max(pOf(mean, seeds), pOf(mean, items));
  // Where the residual is the larger of the two that it is taken from, the sum says nothing that one alone does not.
  return all.value > Math.max(seeds.value, items.value) ? Math.max(alone, pOf(mean, all)) : alone;
}

/** A sum of variances, with the degrees of freedom after Satterthwaite. */
function sumOf(parts: readonly Variance[], signs: readonly number[] = parts.map(() => 1)): Variance {
  const value = parts.reduce((sum, part, i) => sum + signs[i] * part.value, 0);
  const spread = parts.reduce((sum, part) => sum + part.value ** 2 / part.degreesOfFreedom, 0);
  return { value, degreesOfFreedom: spread === 0 ? 1 : value ** 2 / spread };
}

function pOf(mean: number, { value, degreesOfFreedom }: Variance): number {
  if (mean === 0) return 1;
  return value === 0 ? 0 : studentTwoSidedP(mean / Math.sqrt(value), degreesOfFreedom);
}

function differences(after: ArrayLike<number>, before: ArrayLike<number>): Float64Array {
  const changes = new Float64Array(after.length);
  for (let i = 0; i < changes.length; i++) changes[i] = after[i] - before[i];
  return changes;
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function varianceOf(values: ArrayLike<number>): number {
  const center = meanOf(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - center) ** 2;
  return sum / (values.length - 1);
}

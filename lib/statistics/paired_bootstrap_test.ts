import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream } from "#lib/random/random_stream.ts";
import { averageOf, type BootstrapOptions, differenceOf, type ItemScores, percentile } from "./paired_bootstrap.ts";
import { resampleMeans, resampleStatistic } from "./paired_bootstrap.ts";

function compare(a: ItemScores, b: ItemScores, options?: BootstrapOptions) {
  const [meanA, meanB] = resampleMeans("set", [a, b], options);
  return differenceOf(meanA, meanB);
}

const FIRST: [ItemScores, ItemScores] = [
  [[31, 90, 20, 55, 62, 11, 80, 47], [42, 85, 33, 60, 71, 5, 88, 50], [20, 70, 25, 52, 60, 20, 79, 41]],
  [[30, 80, 10, 50, 66, 0, 70, 40], [33, 82, 35, 44, 70, 10, 80, 52], [22, 75, 20, 50, 50, 10, 82, 45]],
];
const SECOND: [ItemScores, ItemScores] = [
  [[10, 40, 35, 80, 60], [20, 30, 40, 75, 70], [5, 50, 45, 90, 50]],
  [[12, 30, 30, 70, 65], [10, 30, 45, 70, 50], [15, 40, 30, 80, 55]],
];

// numpy 2.4.6, with d = a − b of FIRST as an array of 3 seeds × 8 items, 4 000 000 resamples in parts:
//   rng = numpy.random.default_rng(0); draw = lambda n: rng.multinomial(n, numpy.full(n, 1 / n), part) / n
//   o = numpy.einsum("rs,sn,rn->r", draw(3), d, draw(8))
//   d.mean(), numpy.percentile(o, [2.5, 97.5]), 2 * min((o <= 1e-9).mean(), (o >= -1e-9).mean())
Deno.test("interval and p over seeds and items agree with numpy's", () => {
  const { difference, low, high, p } = compare(...FIRST, { resamples: 200_000 });
  assertAlmostEquals(difference, 3.7916666666666665, 1e-12);
  assertAlmostEquals(low, 0.33333333, 0.06); // the resampled differences are multiples of 1/24
  assertAlmostEquals(high, 7.25, 0.06);
  assertAlmostEquals(p, 0.0352725, 0.0025); // 4 standard errors of 200 000 resamples
});

// As above with both sets: (einsum of FIRST + einsum of SECOND) / 2, draw(3) being the same in both.
Deno.test("the average over data sets agrees with numpy's: seeds shared, items apart", () => {
  const sets = [FIRST, SECOND].map((methods, i) => resampleMeans(`set ${i}`, methods, { resamples: 200_000 }));
  const [a, b] = [0, 1].map((method) => averageOf(sets.map((means) => means[method])));
  const { difference, low, high, p } = differenceOf(a, b);
  assertAlmostEquals(difference, 4.1625, 1e-12);
  assertAlmostEquals(low, 0.875, 0.06);
  assertAlmostEquals(high, 7, 0.06);
  assertAlmostEquals(p, 0.022095, 0.002);
});

// scipy 1.17.1: scipy.stats.bootstrap((d[0],), numpy.mean, n_resamples=1_000_000, method="percentile",
//   rng=numpy.random.default_rng(0)): confidence_interval, standard_error; p as above from bootstrap_distribution.
Deno.test("with one seed, interval, error and p over the items agree with scipy's bootstrap", () => {
  const [a, b] = resampleMeans("set", [[FIRST[0][0]], [FIRST[1][0]]], { resamples: 200_000 });
  const { difference, low, high, p } = differenceOf(a, b);
  assertEquals(difference, 6.25);
  assertAlmostEquals(low, 2.5, 0.13); // multiples of 1/8
  assertAlmostEquals(high, 9.375, 0.13);
  assertAlmostEquals(p, 0.001356, 4.7e-4);
  const differences = [...a.resampled].map((value, r) => value - b.resampled[r]);
  const variance = differences.reduce((sum, value) => sum + (value - 6.25) ** 2, 0) / differences.length;
  assertAlmostEquals(Math.sqrt(variance), 1.7664403960194703, 0.012);
});

// numpy 2.4.6: numpy.percentile([3, -1, 4, 1.5, 9, 2.6], [0, 2.5, 25, 50, 97.5, 100])
Deno.test("percentiles agree with numpy's", () => {
  const sorted = [-1, 1.5, 2.6, 3, 4, 9];
  const shares = [0, 0.025, 0.25, 0.5, 0.975, 1];
  const expected = [-1, -0.6875, 1.775, 2.8, 8.375, 9];
  shares.forEach((share, i) => assertAlmostEquals(percentile(sorted, share), expected[i], 1e-12));
  assertEquals(percentile([7], 0.025), 7);
  assertThrows(() => percentile([], 0.5), RangeError, "no values");
});

Deno.test("the resampled means are those of all draws of seeds and items, as often as they should be", () => {
  const scores = [[1, 2, 4], [10, 20, 70]];
  // Every draw of 2 of 2 seeds and 3 of 3 items, one by one: 4 × 27, all equally likely.
  const expected = new Map<number, number>();
  for (const seeds of draws(2)) {
    for (const items of draws(3)) {
      const total = seeds.reduce((sum, seed) => sum + items.reduce((part, item) => part + scores[seed][item], 0), 0);
      expected.set(total, (expected.get(total) ?? 0) + 1 / 108);
    }
  }
  const [{ resampled }] = resampleMeans("set", [scores], { resamples: 100_000 });
  const found = new Map<number, number>();
  for (const mean of resampled) found.set(Math.round(6 * mean), (found.get(Math.round(6 * mean)) ?? 0) + 1 / 100_000);
  assertEquals([...found.keys()].sort(), [...expected.keys()].sort());
  for (const [total, share] of expected) assertAlmostEquals(found.get(total)!, share, 0.005, `${total}`);
});

/** All draws of n of n, in order, with replacement. */
function draws(n: number): number[][] {
  return Array.from({ length: n ** n }, (_, i) => Array.from({ length: n }, (_, k) => Math.floor(i / n ** k) % n));
}

Deno.test("where one of three seeds goes the other way, p cannot fall far below 2/27", () => {
  const zero = [Array(9).fill(0), Array(9).fill(0), Array(9).fill(0)];
  const { p, low } = compare([Array(9).fill(8), Array(9).fill(9), Array(9).fill(-1)], zero);
  assertAlmostEquals(p, 2 / 27, 0.011);
  assertEquals(low, -1);
  assertEquals(compare([Array(9).fill(8), Array(9).fill(9), Array(9).fill(1)], zero).p, 2 / 10_001);
});

const some = (seeds: number, items: number) =>
  fc.array(fc.array(fc.integer({ min: -20, max: 20 }), { minLength: items, maxLength: items }), {
    minLength: seeds,
    maxLength: seeds,
  });
const pair = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }))
  .chain(([seeds, items]) => fc.tuple(some(seeds, items), some(seeds, items)));
const options = { resamples: 199 };

Deno.test("exchanging the methods turns the difference and its interval around and keeps p", () => {
  fc.assert(fc.property(pair, ([a, b]) => {
    const there = compare(a, b, options);
    const back = compare(b, a, options);
    assertEquals(back.difference + there.difference, 0);
    assertEquals(back.p, there.p);
    assertAlmostEquals(back.low, -there.high, 1e-12);
    assertAlmostEquals(back.high, -there.low, 1e-12);
  }));
});

Deno.test("a method does not differ from itself", () => {
  fc.assert(fc.property(pair, ([a]) => assertEquals(compare(a, a, options), { difference: 0, low: 0, high: 0, p: 1 })));
});

Deno.test("p lies between 2 / (R + 1) and 1, and the interval holds no more than what the draws can give", () => {
  fc.assert(fc.property(pair, ([a, b]) => {
    const { low, high, p } = compare(a, b, options);
    const differences = a.flatMap((values, s) => values.map((value, i) => value - b[s][i]));
    assert(p >= 2 / 200 && p <= 1 && low <= high);
    assert(low >= Math.min(...differences) - 1e-12 && high <= Math.max(...differences) + 1e-12);
  }));
});

Deno.test("other methods beside a pair, and their order, change nothing", () => {
  fc.assert(fc.property(pair, ([a, b]) => {
    const [meanB, , meanA] = resampleMeans("set", [b, a, a], options);
    assertEquals(differenceOf(meanA, meanB), compare(a, b, options));
  }));
});

Deno.test("a shift of all scores of an item in both methods changes nothing", () => {
  fc.assert(fc.property(pair, ([a, b]) => {
    const shifted = (scores: number[][]) => scores.map((values, s) => values.map((value, i) => value + 64 * (s + i)));
    const [plain, moved] = [compare(a, b, options), compare(shifted(a), shifted(b), options)];
    assertAlmostEquals(moved.difference, plain.difference, 1e-10);
    assertAlmostEquals(moved.low, plain.low, 1e-10);
  }));
});

Deno.test("equal seeds give equal numbers, other seeds and data sets others", () => {
  const resampled = (
    dataset: string,
    seed?: number,
  ) => [...resampleMeans(dataset, [FIRST[0]], { resamples: 50, seed })[0].resampled];
  assertEquals(resampled("dolly"), resampled("dolly", 1));
  assertNotEquals(resampled("dolly"), resampled("dolly", 2));
  assertNotEquals(resampled("dolly"), resampled("vicuna"));
});

Deno.test("scores of other numbers of seeds or items, or none, are refused", () => {
  assertEquals(resampleMeans("set", []), []);
  for (const methods of [[[[1, 2]], [[1]]], [[[1]], [[1], [2]]], [[[1], [1, 2]]], [[[]]], [[]]]) {
    assertThrows(() => resampleMeans("set", methods), RangeError, "Cannot resample set");
  }
});

/**
 * Share of p < 0.05 among pairs of methods that are equal in truth, the difference varying with item, seed and both: 50 items of half
 * the noise, whose means are as uncertain as those of the 200 in the docstring of `resampleMeans`.
 */
function falseAlarms(seeds: number, seedSd: number, simulations: number): number {
  const noise = new RandomStream(7, `false alarms ${seeds} ${seedSd}`);
  const zero = Array.from({ length: seeds }, () => Array<number>(50).fill(0));
  let alarms = 0;
  for (let simulation = 0; simulation < simulations; simulation++) {
    const ofItem = zero[0].map(() => 0.075 * noise.normal());
    const scores = zero.map(() => {
      const ofSeed = seedSd * noise.normal();
      return ofItem.map((value) => ofSeed + value + 0.15 * noise.normal());
    });
    if (compare(scores, zero, { resamples: 199, seed: simulation }).p < 0.05) alarms++;
  }
  return alarms / simulations;
}

Deno.test("equal methods are seldom told apart unless seeds vary much more than items do", () => {
  // 300 simulations: a standard error of 0.013 at a share of 0.05, of 0.023 at 0.2.
  assert(falseAlarms(5, 0, 300) <= 0.05);
  assert(falseAlarms(5, 0.02, 300) <= 0.06);
  assertAlmostEquals(falseAlarms(5, 0.05, 300), 0.06, 0.04);
  assertAlmostEquals(falseAlarms(5, 0.2, 300), 0.13, 0.06);
  // What three seeds cannot say: near 1/4, the chance that all agree.
  assertAlmostEquals(falseAlarms(3, 0.2, 300), 0.24, 0.08);
});

Deno.test("a difference as large as the seeds' spread is found", () => {
  const noise = new RandomStream(8, "power");
  const zero = Array.from({ length: 5 }, () => Array<number>(200).fill(0));
  const better = zero.map((values) => values.map(() => 0.1 + 0.3 * noise.normal()));
  const { p, low, high } = compare(better, zero);
  assertEquals(p, 2 / 10_001);
  assert(low > 0.05 && high < 0.15);
});

/** A share of two sums, no mean over items. */
const ratio = { parts: ["hits", "tries"], valueOf: ([hits, tries]: readonly number[]) => hits / tries };

Deno.test("a statistic of sums that is a mean over items resamples as the mean does", () => {
  const hits = [[1, 0, 1, 1, 0], [0, 0, 1, 1, 1]];
  const ones = hits.map((values) => values.map(() => 1));
  const other = [[0, 0, 0, 1, 0], [0, 1, 1, 0, 0]];
  const options = { resamples: 300 };
  const means = resampleMeans("set", [hits, other], options);
  const statistics = resampleStatistic("set", [[hits, ones], [other, ones]], ratio, options);
  means.forEach(({ mean, resampled }, m) => {
    assertAlmostEquals(statistics[m].mean, mean, 1e-12);
    resampled.forEach((value, r) => assertAlmostEquals(statistics[m].resampled[r], value, 1e-12));
  });
});

Deno.test("a statistic is that of each seed's sums, then the mean over the seeds", () => {
  const [{ mean }] = resampleStatistic("set", [[[[1, 1], [3, 0]], [[2, 2], [3, 6]]]], ratio, { resamples: 1 });
  assertAlmostEquals(mean, (2 / 4 + 3 / 9) / 2, 1e-12);
});

/** Hits and tries of two methods: 3 seeds of 8 items. */
const SHARES: ItemScores[][] = [
  [
    [[3, 5, 0, 2, 7, 1, 4, 6], [4, 4, 1, 2, 6, 2, 5, 5], [2, 6, 0, 1, 7, 0, 4, 6]],
    [[6, 9, 3, 5, 8, 4, 7, 9], [5, 9, 3, 6, 8, 5, 7, 8], [6, 9, 2, 5, 9, 4, 6, 9]],
  ],
  [
    [[2, 4, 0, 1, 6, 1, 3, 5], [2, 5, 0, 1, 6, 0, 4, 4], [2, 3, 1, 1, 5, 1, 3, 6]],
    [[5, 9, 4, 5, 8, 5, 6, 9], [6, 9, 3, 5, 9, 4, 7, 8], [6, 8, 3, 5, 8, 5, 7, 9]],
  ],
];

// numpy 2.4.6, 2 000 000 resamples in parts, with h and t of a method as arrays of 3 seeds × 8 items:
//   s, i = draw(3) / 3, draw(8) as multinomial counts; v = (s * (i @ h.T) / (i @ t.T)).sum(1); o = v of the first − v of the second
Deno.test("interval and p of a statistic agree with numpy's", () => {
  const [a, b] = resampleStatistic("set", SHARES, ratio, { resamples: 100_000 });
  const { difference, low, high, p } = differenceOf(a, b);
  assertAlmostEquals(difference, 0.11450980392156862, 1e-12);
  assertAlmostEquals(low, 0.04625625, 0.001);
  assertAlmostEquals(high, 0.18666667, 0.001);
  assertAlmostEquals(p, 0.008495, 0.0017); // 4 standard errors of 100 000 resamples
});

Deno.test("a statistic with parts of other seeds or items is refused", () => {
  assertThrows(
    () => resampleStatistic("set", [[[[1, 2]], [[1]]]], ratio),
    RangeError,
    "the same parts, seeds and items",
  );
  assertThrows(() => resampleStatistic("set", [[[[1, 2]]]], ratio), RangeError, "Cannot resample set");
});

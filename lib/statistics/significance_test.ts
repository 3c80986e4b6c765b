import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { confidenceInterval, detectableDifference, type SeedScore, testDifference } from "./significance.ts";

const BEFORE = [
  [0.31, 0.90, 0.20, 0.55, 0.62, 0.11, 0.80, 0.47],
  [0.42, 0.85, 0.33, 0.60, 0.71, 0.05, 0.88, 0.50],
  [0.20, 0.70, 0.25, 0.52, 0.60, 0.20, 0.79, 0.41],
];
const AFTER = [
  [0.50, 0.80, 0.10, 0.70, 0.66, 0.10, 0.90, 0.40],
  [0.63, 0.82, 0.35, 0.84, 0.70, 0.10, 0.80, 0.82],
  [0.22, 0.75, 0.20, 0.60, 0.70, 0.10, 0.82, 0.45],
];

function scores(rows: readonly (readonly number[])[], firstSeed = 1): SeedScore[] {
  return rows.map((items, s) => ({
    seed: firstSeed + s,
    value: items.reduce((sum, value) => sum + value, 0) / items.length,
    items: [items],
  }));
}

const withoutItems = (rows: readonly SeedScore[]) => rows.map(({ seed, value }) => ({ seed, value }));

// numpy 2.4.6 and scipy 1.17.1, d = AFTER − BEFORE of S = 3 seeds × I = 8 items, n = S I, m = d.mean():
//   s = I ((d.mean(1) − m)²).sum() / (S − 1) / n; i = S ((d.mean(0) − m)²).sum() / (I − 1) / n
//   r = ((d − d.mean(1, keepdims=True) − d.mean(0) + m)²).sum() / (S − 1) / (I − 1) / n
//   v = s + i − r; df = v² / (s²/(S − 1) + i²/(I − 1) + r²/((S − 1)(I − 1)))      s, i, r = 4.98e-4, 7.52e-4, 4.29e-4
//   2 * scipy.stats.t.sf(abs(m) / v**.5, df)
Deno.test("over the same seeds and items p is that of both variances with Satterthwaite's degrees of freedom", () => {
  const { p, pairedSeeds, components } = testDifference(scores(BEFORE), scores(AFTER));
  assertAlmostEquals(p!, 0.20847113348148058, 1e-12);
  assertEquals([pairedSeeds, Object.keys(components)], [true, ["seeds", "items", "residual"]]);
});

// scipy.stats.ttest_rel, ttest_ind(…, equal_var=False) of the seeds' means, AFTER without its last seed in the latter.
Deno.test("without items p is that of Student's paired test, or of Welch's where the seeds are others", () => {
  const [before, after] = [scores(BEFORE), scores(AFTER)].map(withoutItems);
  assertAlmostEquals(testDifference(before, after).p!, 0.17882471448695478, 1e-12);
  const { p, pairedSeeds, components } = testDifference(before, withoutItems(scores(AFTER.slice(0, 2), 7)));
  assertAlmostEquals(p!, 0.3782444816035843, 1e-12);
  assertEquals([pairedSeeds, Object.keys(components)], [false, ["seeds"]]);
});

Deno.test("over other seeds p is never below Welch's nor below that of the items' changes", () => {
  const [before, after] = [scores(BEFORE), scores(AFTER.slice(0, 2), 7)];
  assertAlmostEquals(testDifference(before, after).p!, 0.3782444816035843, 1e-12);
  assert(testDifference(before, after).components.items !== undefined);
  // Seeds that hardly differ leave the items' test: scipy.stats.ttest_1samp(AFTER[0] − BEFORE[0], 0).
  const twice = (row: readonly number[], firstSeed: number) =>
    scores([row, row.map((value) => value + 1e-9)], firstSeed);
  const overItems = testDifference(twice(BEFORE[0], 1), twice(AFTER[0], 7)).p!;
  assertAlmostEquals(overItems, 0.5530831505839552, 1e-6);
});

Deno.test("the order of seeds does not matter, and a change back is as likely", () => {
  const { p } = testDifference(scores(BEFORE), scores(AFTER));
  assertEquals(testDifference(scores(BEFORE).toReversed(), scores(AFTER)).p!.toFixed(12), p!.toFixed(12));
  assertEquals(testDifference(scores(AFTER), scores(BEFORE)).p!.toFixed(12), p!.toFixed(12));
});

Deno.test("the same shift everywhere has p 0, no shift p 1, and one seed without items tells nothing", () => {
  const halves = scores([[0.5, 0.25, 1, 0.25], [0, 0.75, 0.5, 0.75]]);
  const shifted = scores([[0.75, 0.5, 1.25, 0.5], [0.25, 1, 0.75, 1]]);
  assertEquals(testDifference(halves, shifted).p, 0);
  assertEquals(testDifference(withoutItems(halves), withoutItems(shifted)).p, 0);
  assertEquals(testDifference(halves, halves).p, 1);
  const [one, other] = [halves, shifted].map((some) => withoutItems(some.slice(0, 1)));
  for (const before of [one, withoutItems(halves)]) {
    const tested = testDifference(before, other);
    assertEquals([tested.p, confidenceInterval(tested)], [undefined, [-Infinity, Infinity]]);
  }
});

Deno.test("items that are fewer on a seed, or whose mean the value is not, do not tell", () => {
  const [before, after] = [scores(BEFORE), scores(AFTER)];
  const cut = after.map((score) => score.seed === 2 ? { ...score, items: [[0.5, 0.6]] } : score);
  const others = after.map((score) => ({ ...score, items: [Array.from(score.items![0], (value) => value + 0.1)] }));
  for (const changed of [cut, others]) {
    const { p, components } = testDifference(before, changed);
    assertAlmostEquals(p!, 0.17882471448695478, 1e-12);
    assertEquals(Object.keys(components), ["seeds"]);
  }
});

// Student's t of a change of 1/200 whose variance is that of two roundings to 1/200: √(6 · 3) with 2 degrees of freedom, 1 − t/√(2 + t²).
Deno.test("seeds alone do not vary less than values are rounded", () => {
  const values = (value: number, firstSeed: number) =>
    [0, 1, 2].map((s) => ({ seed: firstSeed + s, value, resolution: 1 / 200 }));
  const expected = 1 - Math.sqrt(18 / 20);
  assertAlmostEquals(testDifference(values(0.5, 1), values(0.505, 1)).p!, expected, 1e-9);
  // Other seeds: the same variance with twice the degrees of freedom, 1 − 3/4 · u (1 − u²/12) with u = t / √(1 + t²/4).
  const u = Math.sqrt(18 / 5.5);
  assertAlmostEquals(testDifference(values(0.5, 1), values(0.505, 7)).p!, 1 - 3 / 4 * u * (1 - u * u / 12), 1e-9);
});

// scipy.stats.ttest_1samp(AFTER[0] − BEFORE[0], 0), and its confidence_interval(0.95).
Deno.test("with one seed p and interval are those over the items", () => {
  const tested = testDifference(scores(BEFORE).slice(0, 1), scores(AFTER).slice(0, 1));
  const { p, difference, components } = tested;
  const [low, high] = confidenceInterval(tested);
  assertAlmostEquals(p!, 0.5530831505839552, 1e-12);
  assertAlmostEquals(difference, 0.025, 1e-12);
  assertAlmostEquals(low, -0.06990113240519144, 1e-12);
  assertAlmostEquals(high, 0.11990113240519146, 1e-12);
  assertEquals(components.seeds, undefined);
});

Deno.test("the interval holds 0 where p is 0.05 or more, and nowhere else", () => {
  const after = (shift: number) =>
    scores(AFTER.map((row, s) => row.map((value, i) => BEFORE[s][i] + shift + 0.2 * (value - BEFORE[s][i]))));
  for (const shift of [-0.2, -0.03, -0.01, 0, 0.01, 0.02, 0.03, 0.2]) {
    const tested = testDifference(scores(BEFORE), after(shift));
    const [low, high] = confidenceInterval(tested);
    assertEquals(low <= 0 && high >= 0, tested.p! >= 0.05, `${shift}`);
    assertAlmostEquals((low + high) / 2, tested.difference, 1e-12);
  }
});

// With numpy as above, of D = [AFTER − BEFORE, E] with E[s][i] = BEFORE[s][4 − i] / 10 − 0.02 (s + 1) of 5 items:
//   s = ((D[0].mean(1) + D[1].mean(1)) / 2).var(ddof=1) / S; i, r = (those of either set, each divided by n).sum() / 4
Deno.test("of a mean over data sets the seeds vary together and the items of each set by themselves", () => {
  const second = (method: number) =>
    BEFORE.map((row, s) => Array.from({ length: 5 }, (_, i) => method * (row[4 - i] / 10 - 0.02 * (s + 1))));
  const both = (first: number[][], method: number) =>
    first.map((items, s) => {
      const sets = [items, second(method)[s]];
      return { seed: s, value: sets.reduce((sum, set) => sum + meanOf(set) / 2, 0), items: sets };
    });
  const { p, difference, components } = testDifference(both(BEFORE, 0), both(AFTER, 1));
  assertAlmostEquals(difference, 0.028575, 1e-12);
  assertAlmostEquals(components.seeds!.value, 0.00021486062499999998, 1e-12);
  assertAlmostEquals(components.items!.value, 0.00021511792658730156, 1e-12);
  assertAlmostEquals(components.residual!.value, 0.0001077032837301587, 1e-12);
  assertAlmostEquals(p!, 0.19522967803502336, 1e-9);
});

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

// scipy.stats.nct: the noncentrality at which t exceeds its critical value with probability 0.8 is 5.6535 of 2 degrees of freedom, at 0.05.
Deno.test("a difference that is found with 80 % power is as many standard errors as the noncentral t says", () => {
  const { components } = testDifference(withoutItems(scores(BEFORE)), withoutItems(scores(AFTER)));
  const error = Math.sqrt(components.seeds!.value);
  assertAlmostEquals(detectableDifference([components], 0.05), 5.65349 * error, 1e-4 * error);
  const twice = { seeds: { ...components.seeds!, value: 3 * components.seeds!.value } };
  assertAlmostEquals(detectableDifference([components, twice], 0.05), Math.SQRT2 * 5.65349 * error, 1e-3 * error);
});

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type SeedScore, testChange } from "./change_significance.ts";

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
    items,
  }));
}

const withoutItems = (rows: readonly SeedScore[]) => rows.map(({ seed, value }) => ({ seed, value }));

// numpy 2.4.6 and scipy 1.17.1, d = AFTER − BEFORE of S = 3 seeds × I = 8 items, n = S I, m = d.mean():
//   s = I ((d.mean(1) − m)²).sum() / (S − 1) / n; i = S ((d.mean(0) − m)²).sum() / (I − 1) / n
//   r = ((d − d.mean(1, keepdims=True) − d.mean(0) + m)²).sum() / (S − 1) / (I − 1) / n
//   v = s + i − r; df = v² / (s²/(S − 1) + i²/(I − 1) + r²/((S − 1)(I − 1)))      s, i, r = 4.98e-4, 7.52e-4, 4.29e-4
//   2 * scipy.stats.t.sf(abs(m) / v**.5, df)
Deno.test("over the same seeds and items p is that of both variances with Satterthwaite's degrees of freedom", () => {
  const { p, ...rest } = testChange(scores(BEFORE), scores(AFTER));
  assertAlmostEquals(p!, 0.20847113348148058, 1e-12);
  assertEquals(rest, { pairedSeeds: true, overItems: true });
});

// scipy.stats.ttest_rel, ttest_ind(…, equal_var=False) of the seeds' means, AFTER without its last seed in the latter.
Deno.test("without items p is that of Student's paired test, or of Welch's where the seeds are others", () => {
  const [before, after] = [scores(BEFORE), scores(AFTER)].map(withoutItems);
  assertAlmostEquals(testChange(before, after).p!, 0.17882471448695478, 1e-12);
  const { p, ...rest } = testChange(before, withoutItems(scores(AFTER.slice(0, 2), 7)));
  assertAlmostEquals(p!, 0.3782444816035843, 1e-12);
  assertEquals(rest, { pairedSeeds: false, overItems: false });
});

Deno.test("over other seeds p is never below Welch's nor below that of the items' changes", () => {
  const [before, after] = [scores(BEFORE), scores(AFTER.slice(0, 2), 7)];
  assertAlmostEquals(testChange(before, after).p!, 0.3782444816035843, 1e-12);
  assertEquals(testChange(before, after).overItems, true);
  // Seeds that hardly differ leave the items' test: scipy.stats.ttest_1samp(AFTER[0] − BEFORE[0], 0).
  const twice = (row: readonly number[], firstSeed: number) =>
    scores([row, row.map((value) => value + 1e-9)], firstSeed);
  const overItems = testChange(twice(BEFORE[0], 1), twice(AFTER[0], 7)).p!;
  assertAlmostEquals(overItems, 0.5530831505839552, 1e-6);
});

Deno.test("the order of seeds does not matter, and a change back is as likely", () => {
  const { p } = testChange(scores(BEFORE), scores(AFTER));
  assertEquals(testChange(scores(BEFORE).toReversed(), scores(AFTER)).p!.toFixed(12), p!.toFixed(12));
  assertEquals(testChange(scores(AFTER), scores(BEFORE)).p!.toFixed(12), p!.toFixed(12));
});

Deno.test("the same shift everywhere has p 0, no shift p 1, and one seed tells nothing", () => {
  const halves = scores([[0.5, 0.25, 1, 0.25], [0, 0.75, 0.5, 0.75]]);
  const shifted = scores([[0.75, 0.5, 1.25, 0.5], [0.25, 1, 0.75, 1]]);
  assertEquals(testChange(halves, shifted).p, 0);
  assertEquals(testChange(withoutItems(halves), withoutItems(shifted)).p, 0);
  assertEquals(testChange(halves, halves).p, 1);
  assertEquals(testChange(halves.slice(0, 1), shifted.slice(0, 1)).p, undefined);
  assertEquals(testChange(halves, shifted.slice(0, 1)).p, undefined);
});

Deno.test("items that are fewer on a seed, or whose mean the value is not, do not tell", () => {
  const [before, after] = [scores(BEFORE), scores(AFTER)];
  const cut = after.map((score) => score.seed === 2 ? { ...score, items: [0.5, 0.6] } : score);
  const others = after.map((score) => ({ ...score, items: Array.from(score.items!, (value) => value + 0.1) }));
  for (const changed of [cut, others]) {
    const { p, ...rest } = testChange(before, changed);
    assertAlmostEquals(p!, 0.17882471448695478, 1e-12);
    assertEquals(rest, { pairedSeeds: true, overItems: false });
  }
});

// Student's t of a change of 1/200 whose variance is that of two roundings to 1/200: √(6 · 3) with 2 degrees of freedom, 1 − t/√(2 + t²).
Deno.test("seeds alone do not vary less than values are rounded", () => {
  const values = (value: number, firstSeed: number) =>
    [0, 1, 2].map((s) => ({ seed: firstSeed + s, value, resolution: 1 / 200 }));
  const expected = 1 - Math.sqrt(18 / 20);
  assertAlmostEquals(testChange(values(0.5, 1), values(0.505, 1)).p!, expected, 1e-9);
  // Other seeds: the same variance with twice the degrees of freedom, 1 − 3/4 · u (1 − u²/12) with u = t / √(1 + t²/4).
  const u = Math.sqrt(18 / 5.5);
  assertAlmostEquals(testChange(values(0.5, 1), values(0.505, 7)).p!, 1 - 3 / 4 * u * (1 - u * u / 12), 1e-9);
});

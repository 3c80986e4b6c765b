import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { holm, holmFromBest } from "./multiple_testing.ts";

// statsmodels 0.15.0: statsmodels.stats.multitest.multipletests(p, method="holm")[1]
const RECORDED = [
  { p: [0.01, 0.04, 0.03, 0.005], corrected: [0.03, 0.06, 0.06, 0.02] },
  { p: [0.5], corrected: [0.5] },
  { p: [0.0002, 0.0002, 0.9, 0.04, 0.012, 0.049, 0.3], corrected: [0.0014, 0.0014, 0.9, 0.16, 0.06, 0.16, 0.6] },
  { p: [0.02, 0.02, 0.02], corrected: [0.06, 0.06, 0.06] },
  { p: [1, 1, 0.4], corrected: [1, 1, 1] },
];

Deno.test("Holm's correction agrees with statsmodels'", () => {
  for (const { p, corrected } of RECORDED) {
    holm(p).forEach((value, i) => assertAlmostEquals(value, corrected[i], 1e-15, `${p}`));
  }
  assertEquals(holm([]), []);
});

const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

Deno.test("a corrected p is at least p, at most Bonferroni's, and in the same order", () => {
  fc.assert(fc.property(pValues, (p) => {
    const corrected = holm(p);
    for (let i = 0; i < p.length; i++) {
      assert(corrected[i] >= p[i] && corrected[i] <= Math.min(1, p.length * p[i]));
      for (let j = 0; j < p.length; j++) if (p[i] <= p[j]) assert(corrected[i] <= corrected[j]);
    }
  }));
});

Deno.test("the order of the tests does not matter, and one more test never lowers a corrected p", () => {
  fc.assert(fc.property(pValues, fc.double({ min: 0, max: 1, noNaN: true }), (p, another) => {
    const corrected = holm(p);
    assertEquals(holm(p.toReversed()), corrected.toReversed());
    holm([...p, another]).slice(0, p.length).forEach((value, i) => assert(value >= corrected[i]));
  }));
});

// multipletests as above of the p and three of 1: of 4 methods the best is tested against 3, and there are 6 pairs.
Deno.test("methods that are compared with the best are corrected for all pairs", () => {
  holmFromBest([0.01, 0.004, 0.2]).forEach((value, i) => assertAlmostEquals(value, [0.05, 0.024, 0.8][i], 1e-15));
  assertEquals(holmFromBest([0.03]), [0.03]);
  assertEquals(holmFromBest([]), []);
});

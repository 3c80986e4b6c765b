import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { mean, pairedTTest, sampleSd, studentTCdf, studentTQuantile } from "./statistics.ts";

Deno.test("mean and sample standard deviation of a textbook sample", () => {
  assertEquals(mean([2, 4, 4, 4, 5, 5, 7, 9]), 5);
  assertAlmostEquals(sampleSd([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7), 1e-15);
  assertEquals(sampleSd([3, 3, 3]), 0);
  assertAlmostEquals(sampleSd([1, 3]), Math.SQRT2, 1e-15);
});

Deno.test("too few values are refused", () => {
  assertThrows(() => mean([]), RangeError);
  assertThrows(() => sampleSd([1]), RangeError);
  assertThrows(() => pairedTTest([1], [2]), RangeError);
  assertThrows(() => pairedTTest([1, 2], [2]), RangeError);
});

// scipy 1.17.1: scipy.stats.t.cdf(t, degrees_of_freedom)
const CDF = [
  [0, 1, 0.5],
  [1, 1, 0.75],
  [-2.5, 1, 0.12111894159084341],
  [12.706, 1, 0.9749995988209335],
  [0.5, 2, 0.6666666666666666],
  [-3, 2, 0.04773298313335456],
  [-40, 2, 0.0003122073360923703],
  [2.3, 3, 0.947505819677765],
  [1.7, 4, 0.917822529364975],
  [60, 4, 0.9999997689465636],
  [-1.1, 7, 0.15385812754704467],
  [4.4, 9, 0.9991398107719083],
  [0.01, 10, 0.5038910125045143],
  [2.5, 30, 0.9909421754659666],
  [3, 200, 0.9984784764430471],
];

Deno.test("Student's t distribution agrees with scipy's", () => {
  for (const [t, df, expected] of CDF) assertAlmostEquals(studentTCdf(t, df), expected, 1e-14, `${t}, ${df}`);
});

// scipy 1.17.1: scipy.stats.t.ppf(probability, degrees_of_freedom)
const QUANTILES = [
  [0.975, 1, 12.706204736174694],
  [0.975, 2, 4.302652729749462],
  [0.9999, 2, 70.70007107496818],
  [0.6, 3, 0.2766706623326898],
  [0.975, 4, 2.7764451051977934],
  [0.001, 5, -5.893429531356009],
  [0.5, 6, 0],
  [0.95, 9, 1.833112932656237],
  [0.995, 29, 2.756385903670605],
  [0.2, 100, -0.8452304244910159],
];

Deno.test("its quantiles agree with scipy's", () => {
  for (const [p, df, expected] of QUANTILES) {
    assertAlmostEquals(studentTQuantile(p, df), expected, 1e-9 * Math.max(1, Math.abs(expected)), `${p}, ${df}`);
  }
});

const degrees = fc.integer({ min: 1, max: 60 });
const someT = fc.double({ min: -50, max: 50, noNaN: true });

Deno.test("with one and two degrees of freedom it has its closed forms", () => {
  fc.assert(fc.property(someT, (t) => {
    assertAlmostEquals(studentTCdf(t, 1), 0.5 + Math.atan(t) / Math.PI, 1e-14);
    assertAlmostEquals(studentTCdf(t, 2), 0.5 + t / (2 * Math.sqrt(2 + t * t)), 1e-14);
  }));
});

Deno.test("it rises from 0 to 1 and is symmetric", () => {
  fc.assert(fc.property(someT, someT, degrees, (a, b, df) => {
    assertAlmostEquals(studentTCdf(a, df) + studentTCdf(-a, df), 1, 1e-14);
    if (a < b) assert(studentTCdf(a, df) <= studentTCdf(b, df) + 1e-15);
  }));
  assertEquals(studentTCdf(Infinity, 3), 1);
  assertAlmostEquals(studentTCdf(-Infinity, 4), 0, 1e-15);
});

Deno.test("the quantile inverts the distribution", () => {
  fc.assert(fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), degrees, (p, df) => {
    assertAlmostEquals(studentTCdf(studentTQuantile(p, df), df), p, 1e-12);
  }));
});

Deno.test("degrees of freedom and probabilities out of range are refused", () => {
  for (const df of [0, -1, 1.5, NaN]) assertThrows(() => studentTCdf(1, df), RangeError, "positive whole number");
  for (const p of [0, 1, -0.1, NaN]) assertThrows(() => studentTQuantile(p, 2), RangeError, "between 0 and 1");
});

Deno.test("the paired t-test agrees with scipy's ttest_rel", () => {
  const first = pairedTTest([30.1, 31.5, 29.8], [28.9, 30.9, 29.9]);
  assertAlmostEquals(first.t, 1.5085060660073981, 1e-9);
  assertAlmostEquals(first.p, 0.27046017178111226, 1e-9);
  assertEquals(first.degreesOfFreedom, 2);
  const second = pairedTTest([0.364, 0.381, 0.352, 0.377, 0.366], [0.331, 0.35, 0.349, 0.33, 0.352]);
  assertAlmostEquals(second.t, 3.322714442567458, 1e-9);
  assertAlmostEquals(second.p, 0.02930416299706609, 1e-9);
  const third = pairedTTest([5, 6, 7, 8], [1, 2.5, 2.75, 4.5]);
  assertAlmostEquals(third.p, 0.00026006166099750864, 1e-9);
});

Deno.test("differences that are all equal are certain, and equal samples are not different", () => {
  assertEquals(pairedTTest([2, 3], [1, 2]), { t: Infinity, degreesOfFreedom: 1, p: 0 });
  assertEquals(pairedTTest([1, 2, 5], [1, 2, 5]), { t: 0, degreesOfFreedom: 2, p: 1 });
});

Deno.test("the paired t-test is blind to order, units and a common shift of each pair", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
    minLength: 2,
    maxLength: 8,
  });
  fc.assert(fc.property(pairs, (pairs) => {
    const a = pairs.map(([value]) => value);
    const b = pairs.map(([, value]) => value);
    const { p } = pairedTTest(a, b);
    assert(p >= 0 && p <= 1);
    assertAlmostEquals(pairedTTest(b, a).p, p, 1e-12);
    assertAlmostEquals(pairedTTest(a.toReversed(), b.toReversed()).p, p, 1e-12);
    assertAlmostEquals(pairedTTest(a.map((x) => 4 * x), b.map((x) => 4 * x)).p, p, 1e-12);
    assertAlmostEquals(pairedTTest(a.map((x, i) => x + 8 * i), b.map((x, i) => x + 8 * i)).p, p, 1e-12);
  }));
});

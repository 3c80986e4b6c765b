import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { detectableShift, studentQuantile, studentTwoSidedP } from "./student_t.ts";

const TIMES = [0, 1e-8, 0.01, 0.3, 1, 2, 4.3, 30, 1e4];

/** Relative where p is small. */
function assertNear(actual: number, expected: number, tolerance = 1e-12): void {
  assert(Math.abs(actual - expected) <= tolerance * expected, `${actual} is not ${expected}`);
}

Deno.test("with one degree of freedom p is Cauchy's, 2/π atan(1/t)", () => {
  for (const t of TIMES) assertNear(studentTwoSidedP(t, 1), 2 / Math.PI * Math.atan2(1, t));
});

// 1 − t/√(2 + t²), multiplied out so that nothing cancels.
Deno.test("with two degrees of freedom p is 1 − t/√(2 + t²)", () => {
  for (const t of TIMES) {
    const root = Math.sqrt(2 + t * t);
    assertNear(studentTwoSidedP(t, 2), 2 / (root * (root + t)));
  }
});

// F(t) = 1/2 + 3/8 · u (1 − u²/12), u = t / √(1 + t²/4) (Abramowitz & Stegun 1964, 26.7.4)
Deno.test("with four degrees of freedom p is the closed form's", () => {
  for (const t of TIMES.slice(0, -2)) {
    const u = t / Math.sqrt(1 + t * t / 4);
    assertAlmostEquals(studentTwoSidedP(t, 4), 1 - 3 / 4 * u * (1 - u * u / 12), 1e-14);
  }
});

// Abramowitz & Stegun 1964, table 26.10, and the normal distribution's 1.959964.
Deno.test("critical values are the textbook's", () => {
  const critical: [number, number, number][] = [
    ...[[0.05, 1, 12.706], [0.05, 2, 4.303], [0.05, 3, 3.182], [0.05, 4, 2.776], [0.05, 9, 2.262]],
    ...[[0.05, 30, 2.042], [0.01, 4, 4.604], [0.01, 10, 3.169], [0.001, 4, 8.610], [0.001, 20, 3.850]],
  ] as [number, number, number][];
  for (const [p, degreesOfFreedom, t] of critical) { // of three decimals
    assert(studentTwoSidedP(t - 0.0005, degreesOfFreedom) >= p && p >= studentTwoSidedP(t + 0.0005, degreesOfFreedom));
  }
  assertAlmostEquals(studentTwoSidedP(1.959963984540054, 1e6), 0.05, 1e-6);
});

Deno.test("p falls from 1 at 0 as t grows, is the same for −t, and rises between whole degrees of freedom", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 50, noNaN: true }),
      fc.double({ min: 0.5, max: 500, noNaN: true }),
      (t, df) => {
        const p = studentTwoSidedP(t, df);
        assertEquals(studentTwoSidedP(-t, df), p);
        assertEquals(studentTwoSidedP(0, df), 1);
        assert(p >= 0 && p <= 1 && studentTwoSidedP(t + 0.1, df) < p && studentTwoSidedP(t, df + 0.1) <= p + 1e-13);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("an endless t has no probability, and no t or no degrees of freedom is refused", () => {
  assertEquals(studentTwoSidedP(Infinity, 3), 0);
  assertEquals(studentTwoSidedP(1e200, 3), 0);
  assertThrows(() => studentTwoSidedP(NaN, 3), RangeError, "NaN");
  assertThrows(() => studentTwoSidedP(1, 0), RangeError, "0 degrees");
});

Deno.test("the quantile is the t whose probability was asked for", () => {
  for (const degreesOfFreedom of [0.7, 1, 2, 4.5, 30, 1000]) {
    for (const p of [1e-6, 0.0036, 0.05, 0.5, 1]) {
      assertNear(studentTwoSidedP(studentQuantile(p, degreesOfFreedom), degreesOfFreedom), p, 1e-9);
    }
  }
  assertThrows(() => studentQuantile(0, 3), RangeError, "probability of 0");
  assertThrows(() => studentQuantile(NaN, 3), RangeError, "NaN");
});

// scipy 1.17.1: scipy.optimize.brentq(lambda x: scipy.stats.nct.sf(scipy.stats.t.isf(level / 2, df), df, x) - 0.8, 0, 100)
Deno.test("the shift that is found with 80 % power is the noncentral t's", () => {
  const recorded = [
    ...[[0.05, 1, 16.334008869920954], [0.05, 2, 5.653489266405571], [0.05, 4, 3.761060261004304]],
    ...[[0.05, 9, 3.14963567827222], [0.05, 30, 2.89536175157927], [0.05 / 14, 2, 21.22369411573491]],
  ];
  for (const [level, df, shift] of recorded) assertAlmostEquals(detectableShift(level, df, 0.8), shift, 1e-4);
});

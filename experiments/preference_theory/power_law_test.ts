import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import { intervalOf, offlineRate, onlineRate, slopeOf } from "./power_law.ts";

const SIZES = [32, 128, 512, 2048];

Deno.test("the slope of a power law is its exponent, whatever its factor", () => {
  for (const exponent of [-1, -0.5, 0, 0.5, 1]) {
    const values = SIZES.map((size) => ({ size, value: 3 * size ** exponent }));
    assertAlmostEquals(slopeOf(values), exponent, 1e-12);
  }
});

Deno.test("the slope is that of least squares where values scatter", () => {
  // In log₂: (−1.5 · 0 − 0.5 · log₂ 3 + 0.5 · 1 + 1.5 · 2 log₂ 3) / 5.
  const values = [1, 3, 2, 9].map((value, i) => ({ size: 2 ** i, value }));
  assertAlmostEquals(slopeOf(values), 0.5 * Math.log2(3) + 0.1, 1e-12);
});

Deno.test("what has no logarithm, or no line, is refused", () => {
  assertThrows(() => slopeOf([{ size: 1, value: 1 }, { size: 2, value: 0 }]), RangeError, "a value of 0 at size 2");
  assertThrows(() => slopeOf([{ size: 2, value: 1 }, { size: 2, value: 3 }]), RangeError, "at 1 sizes");
});

Deno.test("95 of 100 intervals of slopes of scattered power laws have the exponent", () => {
  const random = new RandomStream(1, "power laws");
  const exponents = Array.from({ length: 400 }, () => {
    const slopes = Array.from(
      { length: 5 },
      () => slopeOf(SIZES.map((size) => ({ size, value: size ** -0.5 * Math.exp(0.3 * random.normal()) }))),
    );
    const { low, high } = intervalOf(slopes);
    return low <= -0.5 && -0.5 <= high;
  });
  const share = exponents.filter((has) => has).length / exponents.length;
  // Two standard errors of a share of 0.95 among 400 are 0.022.
  assert(Math.abs(share - 0.95) < 0.03, `${share}`);
  assertThrows(() => intervalOf([1]), RangeError);
});

Deno.test("the rates are the paper's, and near ∓½ in slope for large sizes", () => {
  assertAlmostEquals(offlineRate(100, 0.05), Math.sqrt(Math.log(2000) / 100), 1e-15);
  assertAlmostEquals(onlineRate(100, 0.05), Math.sqrt(100 * Math.log(100) * Math.log(2000)), 1e-12);
  const far = [1e12, 1e14, 1e16];
  assertAlmostEquals(slopeOf(far.map((size) => ({ size, value: offlineRate(size, 0.05) }))), -0.5, 0.02);
  assertAlmostEquals(slopeOf(far.map((size) => ({ size, value: onlineRate(size, 0.05) }))), 0.5, 0.04);
});

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { mean, sampleSd, sampleVariance } from "./statistics.ts";

Deno.test("mean and sample standard deviation of a textbook sample", () => {
  assertEquals(mean([2, 4, 4, 4, 5, 5, 7, 9]), 5);
  assertAlmostEquals(sampleSd([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7), 1e-15);
  assertAlmostEquals(sampleVariance(Float64Array.of(2, 4, 4, 4, 5, 5, 7, 9)), 32 / 7, 1e-15);
  assertEquals(sampleSd([3, 3, 3]), 0);
  assertAlmostEquals(sampleSd([1, 3]), Math.SQRT2, 1e-15);
});

Deno.test("too few values are refused", () => {
  assertThrows(() => mean([]), RangeError);
  assertThrows(() => sampleSd([1]), RangeError);
});

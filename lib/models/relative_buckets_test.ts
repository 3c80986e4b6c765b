import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { backwardBuckets, relativeBuckets } from "./relative_buckets.ts";

const published = { numBuckets: 32, maxDistance: 128 };

Deno.test("T5's 32 buckets: one distance each up to half of a side, then ranges that double their border", () => {
  const buckets = backwardBuckets(130, published);
  assertEquals([...buckets.subarray(0, 17)], Array.from({ length: 17 }, (_, distance) => distance));
  // 16 + ⌊16 log(d / 16) / log 8⌋
  assertEquals([18, 19, 31, 32, 64, 112, 113, 127, 128, 129].map((distance) => buckets[distance]), [
    ...[16, 17, 21, 21, 26, 30, 31, 31, 31, 31],
  ]);
});

Deno.test("where later keys are seen they have the upper half of the buckets", () => {
  const tokens = 20;
  const buckets = relativeBuckets(tokens, published, false);
  const at = (offset: number) => buckets[offset + tokens - 1];
  assertEquals([at(0), at(-1), at(1), at(-7), at(7), at(-8), at(8)], [0, 1, 17, 7, 23, 8, 24]);
  // Distance 16 is 2 · 8, a power that lies on a border: 8 + 8 log 2 / log 16 = 10.
  assertEquals([at(-15), at(-16), at(15), at(16)], [9, 10, 25, 26]);
});

Deno.test("a causal text has the buckets of the distances back, and 0 for keys it does not see", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.constantFrom(4, 8, 16, 32), (tokens, numBuckets) => {
      const settings = { numBuckets, maxDistance: 2 * numBuckets };
      const whole = relativeBuckets(tokens, settings, true);
      const back = backwardBuckets(tokens, settings);
      assertEquals([...whole.subarray(0, tokens)], [...back].reverse());
      assert(whole.subarray(tokens).every((bucket) => bucket === 0));
      assert([...back].every((bucket, i) => bucket < numBuckets && (i === 0 || bucket >= back[i - 1])));
    }),
  );
});

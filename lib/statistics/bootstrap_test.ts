import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { PERPLEXITY_OF_ITEMS } from "#lib/metrics/perplexity.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { bootstrapInterval } from "./bootstrap.ts";
import { mean, sampleSd } from "./statistics.ts";

const meanOf = ([sum]: readonly number[], count: number) => sum / count;

Deno.test("of a mean of many items it is the normal interval", () => {
  const random = new RandomStream(1, "test");
  const items = Array.from({ length: 2000 }, () => random.normal());
  const [low, high] = bootstrapInterval([items], meanOf)!;
  const half = 1.96 * sampleSd(items) / Math.sqrt(items.length);
  assertAlmostEquals(low, mean(items) - half, 0.15 * half);
  assertAlmostEquals(high, mean(items) + half, 0.15 * half);
});

Deno.test("19 of 20 intervals hold what the items were drawn around", () => {
  const random = new RandomStream(2, "test");
  let held = 0;
  for (let trial = 0; trial < 200; trial++) {
    const [low, high] = bootstrapInterval([Array.from({ length: 60 }, () => random.uniform())], meanOf)!;
    if (low <= 0.5 && 0.5 <= high) held++;
  }
  // Of a binomial of 200 with 0.95, 3.3 standard deviations to each side.
  assert(held >= 180 && held <= 200, `${held}`);
});

Deno.test("parts are resampled together: a perplexity that all items have has no width", () => {
  const tokens = [3, 10, 50, 7];
  const [low, high] = bootstrapInterval([tokens.map((n) => n * Math.log(8)), tokens], PERPLEXITY_OF_ITEMS.valueOf)!;
  for (const end of [low, high]) assertAlmostEquals(end, 8, 1e-12);
});

Deno.test("it is the same each time, and there is none of one item", () => {
  const items = [0, 1, 1, 0.25];
  assertEquals(bootstrapInterval([items], meanOf), bootstrapInterval([items], meanOf));
  assertEquals(bootstrapInterval([[1]], meanOf), undefined);
});

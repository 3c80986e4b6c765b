import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { itemScores } from "#lib/statistics/item_scores.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { perplexity, surpriseColumns } from "./perplexity.ts";

Deno.test("a uniform choice among k has perplexity k, however many tokens", () => {
  for (const tokens of [1, 7, 512]) assertAlmostEquals(perplexity([{ nats: tokens * Math.log(50), tokens }]), 50, 1e-9);
});

Deno.test("the mean is over all tokens, so that a long text weighs more than a short one", () => {
  const texts = [{ nats: 30 * Math.log(2), tokens: 30 }, { nats: 10 * Math.log(32), tokens: 10 }];
  assertAlmostEquals(perplexity(texts), 4, 1e-12);
});

Deno.test("what is kept of items gives jackknife values whose mean is the perplexity", () => {
  const texts = [{ nats: 12.5, tokens: 9 }, { nats: 80, tokens: 31 }, { nats: 3, tokens: 2 }];
  const columns = surpriseColumns(texts);
  assertEquals(columns, { "perplexity.nats": [12.5, 80, 3], "perplexity.tokens": [9, 31, 2] });
  assertAlmostEquals(mean(itemScores("perplexity", (part) => columns[part])!), perplexity(texts), 1e-12);
});

Deno.test("nothing, or a text without tokens, has no perplexity", () => {
  assertThrows(() => perplexity([]), RangeError, "there is none");
  assertThrows(() => perplexity([{ nats: 0, tokens: 0 }]), RangeError, "has no token");
});

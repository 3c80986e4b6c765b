import { assertEquals } from "@std/assert";
import { distinctN } from "./distinct_n.ts";

Deno.test("distinct-n counts n-grams over all texts, whatever their case and what stands between words", () => {
  assertEquals(distinctN(["The cat, the CAT."], 1), 2 / 4);
  assertEquals(distinctN(["a b c", "a b d"], 2), 3 / 4);
  assertEquals(distinctN(["Größe 12 größe"], 1), 2 / 3);
});

Deno.test("texts that are too short have no n-gram, and none at all is 0", () => {
  assertEquals(distinctN(["a", "a b"], 2), 1);
  assertEquals([distinctN([], 1), distinctN(["a", " "], 2)], [0, 0]);
});

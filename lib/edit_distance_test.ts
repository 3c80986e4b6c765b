import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { editDistance } from "./edit_distance.ts";

Deno.test("the edit distance of neighbouring letters swapped is one", () => {
  assertEquals(editDistance("stpes", "steps"), 1);
  assertEquals(editDistance("kitten", "sitting"), 3);
});

Deno.test("the edit distance is symmetric, zero only for equals, and at most the longer length", () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
  fc.assert(fc.property(word, word, (a, b) => {
    const distance = editDistance(a, b);
    assertEquals(distance, editDistance(b, a));
    assertEquals(distance === 0, a === b);
    assertEquals(distance <= Math.max(a.length, b.length), true);
  }));
});

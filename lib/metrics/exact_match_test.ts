import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { exactMatch } from "./exact_match.ts";

Deno.test("case, punctuation and spacing do not count", () => {
  assertEquals(exactMatch("  The answer:\n42!", ["the answer 42"]), 1);
  assertEquals(exactMatch("don't", ["Dont."]), 1);
  assertEquals(exactMatch("a_b|c~", ["A(b)c"]), 1);
});

Deno.test("words, their order and letters beyond ASCII count", () => {
  assertEquals(exactMatch("an answer", ["the answer"]), 0);
  assertEquals(exactMatch("b a", ["a b"]), 0);
  assertEquals(exactMatch("café", ["cafe"]), 0);
  assertEquals(exactMatch("insects", ["insect"]), 0);
});

Deno.test("any one of the references is enough", () => {
  assertEquals(exactMatch("yes", ["no", "Yes."]), 1);
  assertEquals(exactMatch("maybe", ["no", "Yes."]), 0);
});

Deno.test("a text matches itself, in either case and with marks around it", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assertEquals(exactMatch(`"${text.toUpperCase()}" ?`, [text]), 1);
  }));
});

Deno.test("a score without references is refused", () => {
  assertThrows(() => exactMatch("a", []), RangeError, "without a reference");
});

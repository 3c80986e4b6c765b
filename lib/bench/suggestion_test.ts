import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { closest, editDistance, expectKnown } from "./suggestion.ts";

const METHODS = ["teacher", "sft", "sft_continued", "kd", "ammd_off", "ammd_on", "ammd", "ammd_sft"];

Deno.test("a slip of one name is answered with that name", () => {
  assertEquals(closest("amd", METHODS), "ammd");
  assertEquals(closest("AMMD", METHODS), "ammd");
  assertEquals(closest("sft-continued", METHODS), "sft_continued");
  assertEquals(closest("ammd_stf", METHODS), "ammd_sft");
  assertEquals(closest("tacher", METHODS), "teacher");
});

Deno.test("a name that is like no other is answered with none", () => {
  assertEquals(closest("reinforce", METHODS), undefined);
  assertEquals(closest("", METHODS), undefined);
});

Deno.test("an unknown name is an input error that lists the known ones", () => {
  assertThrows(
    () => expectKnown("method", "amd", METHODS),
    InputError,
    'unknown method "amd"; did you mean "ammd"? known',
  );
  assertThrows(() => expectKnown("method", "reinforce", METHODS), InputError, '"reinforce"; known are teacher, sft,');
  expectKnown("method", "kd", METHODS);
});

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

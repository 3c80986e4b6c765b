import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { extractAnswer, isCorrect } from "./accuracy.ts";

Deno.test("the answer is the last yes or no, in whatever case and punctuation", () => {
  const answers: [text: string, answer: "yes" | "no" | undefined][] = [
    ["yes", "yes"],
    [" No.\n", "no"],
    ["**YES**!", "yes"],
    ["animal, yes", "yes"],
    ["So the answer is yes.", "yes"],
    ["There is no air on the Moon. So the answer is yes.", "yes"],
    ["yes yes no", "no"],
    ["Yes? No", "no"],
    ["yes/no", "no"],
    ["“no”", "no"],
    ["answer:no,", "no"],
    ["Yes, for there is no air.", "no"],
    ["", undefined],
    ["maybe", undefined],
    ["true", undefined],
    ["yesterday nothing not know", undefined],
    ["no-one, yes-men, no's, yes’s", undefined],
    ["no1 yes_ _no noé yés nö", undefined],
    ["-no-", "no"],
  ];
  for (const [text, answer] of answers) assertEquals(extractAnswer(text), answer, text);
});

Deno.test("what comes before an answer changes nothing, nor do words after it that are none", () => {
  const answer = fc.constantFrom("yes", "no");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), answer, fc.stringMatching(/^[a-m ]*$/), (before, word, after) => {
      assertEquals(extractAnswer(`${before} ${word.toUpperCase()}. ${after}`), word);
    }),
  );
});

Deno.test("a text is correct if it gives the answer of the reference; none gives no answer", () => {
  assertEquals(isCorrect("So the answer is yes.", "yes"), true);
  assertEquals(isCorrect("So the answer is yes.", "No."), false);
  assertEquals(isCorrect("no", " NO\n"), true);
  assertEquals(isCorrect("perhaps", "yes"), false);
  assertEquals(isCorrect("", "no"), false);
});

Deno.test("a reference that is neither yes nor no is refused by its name", () => {
  for (const reference of ["maybe", "", "true", "yes or no", "animal, yes"]) {
    assertThrows(() => isCorrect("yes", reference), InputError, `must be "yes" or "no", not "${reference}"`);
  }
});

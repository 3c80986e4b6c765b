// deno-lint-ignore-file no-control-regex
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { tokenize13a } from "./tokenize_13a.ts";

// Each is what sacrebleu 2.6's tokenizer 13a gives of the text without white space at its end.
const RECORDED: [text: string, words: string][] = [
  ["", ""],
  [" \t\n ", ""],
  ["The cat sat.", "The cat sat ."],
  ["Wait -- what?!", "Wait -- what ? !"],
  ["(a) [b] {c} <d> a/b a=b c:d e;f", "( a ) [ b ] { c } < d > a / b a = b c : d e ; f"],
  [
    '#1 $2 50% a&b a*b +3 x@y ^ _a_ `b` a|b ~c \\ "d"',
    '# 1 $ 2 50 % a & b a * b + 3 x @ y ^ _ a _ ` b ` a | b ~ c \\ " d "',
  ],
  ["don't 'quoted'", "don't 'quoted'"],
  // Full stops and commas stay within numbers only.
  ["3.14 1,000,000 5. 5, .5 ,5", "3.14 1,000,000 5 . 5 , . 5 , 5"],
  ["U.S. e.g.,x a.5 5.a", "U . S . e . g . , x a . 5 5 . a"],
  ["wait... 5..6 5.,6", "wait . . . 5 . . 6 5 . , 6"],
  // Hyphens are set apart after digits only.
  ["5-year 1990-95 well-known -5 a-5", "5 - year 1990 - 95 well-known -5 a-5"],
  // Entities are read in turn, others are none.
  ["&quot;a&quot; &amp; &lt;b&gt;", '" a " & < b >'],
  ["&amp;lt; &lt;amp;", "< < amp ;"],
  ["&apos;s &#39;s", "& apos ; s & # 39 ; s"],
  ["a <skipped> b", "a b"],
  // A word broken at the end of a line is joined; a hyphen at the end of the text is not at the end of a line.
  ["trans-\nlation of\nlines", "translation of lines"],
  ["trans-\n", "trans-"],
  // Only ASCII punctuation is known, digits of other scripts are none.
  ["«Größe», “so”… 東京。 १.२", "«Größe» , “so”… 東京。 १ . २"],
  ["a\u00a0b\u2003c\u200bd\ufeffe\u0085f\u001cg", "a b c\u200bd\ufeffe f g"],
];

Deno.test("words are those of sacrebleu", () => {
  for (const [text, words] of RECORDED) assertEquals(tokenize13a(text).join(" "), words, JSON.stringify(text));
});

Deno.test("case stays", () => {
  assertEquals(tokenize13a("Der Hund LÄUFT"), ["Der", "Hund", "LÄUFT"]);
});

const texts = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom("a", "B", "5", "0", ".", ",", "-", "'", "&", "\n", " ", "(", "é") }),
);

Deno.test("no word is empty or holds white space, and characters but white space stay in their order", () => {
  fc.assert(fc.property(texts.filter((text) => !text.includes("&") && !text.includes("-\n")), (text) => {
    const words = tokenize13a(text);
    assertEquals(words.filter((word) => /^$|[\p{White_Space}\u001c-\u001f]/u.test(word)), []);
    assertEquals(words.join(""), text.replace(/[\p{White_Space}\u001c-\u001f]/gu, ""));
  }));
});

Deno.test("white space at either end changes nothing", () => {
  fc.assert(fc.property(texts, (text) => assertEquals(tokenize13a(` \n${text}\t \n`), tokenize13a(text))));
});

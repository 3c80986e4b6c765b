import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { visibleJson, visibleLength, visibleParts, visibleText } from "./visible_text.ts";

/** Every code point that is never ordinary text by itself, by ranges that do not come from the pattern under test. */
const HOSTILE: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0001, 0xe007f],
  [0xe0100, 0xe01ef],
];
const hostileCharacter = fc.constantFrom(...HOSTILE).chain(([first, last]) => fc.integer({ min: first, max: last }))
  .map((codePoint) => String.fromCodePoint(codePoint));
const anyText = fc.array(fc.oneof(fc.string({ unit: "binary" }), hostileCharacter, fc.constantFrom("a", "م", "❤", "1")))
  .map((parts) => parts.join(""));

Deno.test("every control, mark, separator, ignorable character and lone surrogate is shown as an escape", () => {
  for (const [first, last] of HOSTILE) {
    for (let codePoint = first; codePoint <= last; codePoint++) {
      const escape = `\\u{${codePoint.toString(16)}}`;
      assertEquals(visibleText(`a${String.fromCodePoint(codePoint)}b`), `a${escape}b`);
    }
  }
});

Deno.test("no text leaves a character that could act on a terminal or the reading order", () => {
  // deno-lint-ignore no-control-regex
  const acting = /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
  fc.assert(fc.property(anyText, (text) => {
    const visible = visibleText(text);
    assert(!acting.test(visible) && visible.isWellFormed(), JSON.stringify(visible));
  }));
});

Deno.test("a second time changes nothing", () => {
  fc.assert(fc.property(anyText, (text) => assertEquals(visibleText(visibleText(text)), visibleText(text))));
});

Deno.test("with lines kept, line feeds and tabs stay and all else is as without", () => {
  assertEquals(visibleText("a\n\tb\r\n\x1b", { keepLines: true }), "a\n\tb\\u{d}\n\\u{1b}");
  fc.assert(fc.property(anyText, (text) => {
    const lines = visibleText(text, { keepLines: true });
    assertEquals(lines.replaceAll("\n", "\\u{a}").replaceAll("\t", "\\u{9}"), visibleText(text));
  }));
});

Deno.test("printable text of any script comes through unchanged", () => {
  const printable = fc.string({ unit: "binary" }).filter((text) =>
    !/[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u.test(text)
  );
  fc.assert(fc.property(printable, (text) => assertEquals(visibleText(text), text)));
  for (
    const text of [
      "naïve – “so” \\u{1b} ✓",
      "שלום עולם",
      "مرحبا ١٢٣ \u06dd",
      "ไทย 日本語 한국어",
      "a\u00a0b\u3000c",
      "e\u0301",
    ]
  ) {
    assertEquals(visibleText(text), text);
  }
});

Deno.test("joiners stay where a script spells words with them, and are shown elsewhere", () => {
  for (const word of ["می\u200cخواهم", "ශ්\u200dරී ලංකා", "क्\u200dष"]) assertEquals(visibleText(word), word);
  assertEquals(visibleText("pass\u200cword \u200dم"), "pass\\u{200c}word \\u{200d}م");
  assertEquals(visibleText("می\u200c\u200cخ"), "می\\u{200c}\\u{200c}خ");
});

Deno.test("emoji stay whole; the same joiners, selectors and tags elsewhere are shown", () => {
  for (const emoji of ["👩‍👩‍👧‍👦", "❤️‍🔥", "🏳️‍🌈", "👍🏽", "1️⃣", "☎︎", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪"]) {
    assertEquals(visibleText(`x${emoji}y`), `x${emoji}y`);
  }
  assertEquals(visibleText("👩\u200d\u200dx"), "👩\\u{200d}\\u{200d}x");
  assertEquals(visibleText("a\u{fe0f}\u{e0062}"), "a\\u{fe0f}\\u{e0062}");
});

Deno.test("a terminal's escapes and a bidi override are text", () => {
  assertEquals(visibleText("\x1b[2J\x9b31mred\u202egnp.exe"), "\\u{1b}[2J\\u{9b}31mred\\u{202e}gnp.exe");
});

Deno.test("the pieces tell an escape from a text that spells one", () => {
  assertEquals(visibleParts("a\x1b\\u{1b}"), [
    { text: "a", escaped: false },
    { text: "\\u{1b}", escaped: true },
    { text: "\\u{1b}", escaped: false },
  ]);
  fc.assert(fc.property(anyText, (text) => {
    const parts = visibleParts(text);
    assert(parts.every(({ text, escaped }) => escaped ? /^\\u\{[\da-f]+\}$/.test(text) : visibleText(text) === text));
  }));
});

Deno.test("JSON keeps its value and has nothing unseen in it but the line feeds of its indentation", () => {
  assertEquals(visibleJson({ "\u202e": "\x1b\u{e0041}\ud800\n" }), '{"\\u202e":"\\u001b\\udb40\\udc41\\ud800\\n"}');
  fc.assert(fc.property(fc.dictionary(anyText, anyText), fc.constantFrom(undefined, 2), (value, indent) => {
    const json = visibleJson(value, indent);
    assertEquals(JSON.parse(json), JSON.parse(JSON.stringify(value)));
    assertEquals(visibleText(json, { keepLines: true }), json);
  }));
});

Deno.test("a text that comes in pieces is shown as the whole would be, piece by piece", () => {
  const families = [
    "👩\u200d👧",
    "1\ufe0f\u20e3",
    "🇩🇪",
    "می\u200cشود",
    "ක්\u200dෂ",
    "🏴\u{e0067}\u{e0062}\u{e007f}",
    "a\u200db",
  ];
  const pieces = fc.array(fc.oneof(anyText, fc.constantFrom(...families)), { maxLength: 6 });
  const stream = (text: string) => {
    let [shown, held] = ["", ""];
    for (const character of text) {
      held += character;
      const length = visibleLength(held);
      shown += visibleText(held.slice(0, length));
      held = held.slice(length);
    }
    return shown + visibleText(held);
  };
  fc.assert(fc.property(pieces, (parts) => assertEquals(stream(parts.join("")), visibleText(parts.join("")))));
});

Deno.test("ordinary text is shown at once, up to its last letter", () => {
  for (const text of ["Once upon", "größer", "東京", "a\n", "\u{1b}[31m", ""]) {
    assertEquals(visibleLength(text), text.length);
  }
  assertEquals(["in 12", "so 👩\u200d", "می"].map((text) => visibleLength(text)), [3, 3, 1]);
});

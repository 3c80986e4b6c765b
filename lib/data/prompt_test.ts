import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BpeTokenizer } from "./bpe_tokenizer.ts";
import { trainBpe } from "./bpe_trainer.ts";
import {
  decodeResponse,
  encodePrompt,
  encodeResponse,
  encodeText,
  fitPrompt,
  fitPrompts,
  tokenizerTexts,
} from "./prompt.ts";

const record = (instruction: string, input: string, response: string) => ({
  instruction,
  input,
  response,
  references: [response],
});
const RECORDS = [
  record("what is a cat?", "", "a small pet."),
  record("name a pet.", "", "a cat."),
  record("write a word.", "cat", "pet."),
];
const tokenizer = new BpeTokenizer(trainBpe(tokenizerTexts([...RECORDS, ...RECORDS]), { vocabSize: 300 }));
const [INS, INP, RES, EOS] = ["<ins>", "<inp>", "<res>", "<eos>"].map((token) => tokenizer.specialId(token));

Deno.test("a prompt without an input is <ins> instruction <res>", () => {
  assertEquals(encodePrompt(tokenizer, RECORDS[0]), [INS, ...encodeText(tokenizer, "what is a cat?"), RES]);
});

Deno.test("a prompt with an input has it after <inp>", () => {
  assertEquals(encodePrompt(tokenizer, RECORDS[2]), [
    INS,
    ...encodeText(tokenizer, "write a word."),
    INP,
    ...encodeText(tokenizer, "cat"),
    RES,
  ]);
});

Deno.test("a word has the same piece at the start of a text as within it", () => {
  const [cat] = encodeText(tokenizer, "cat");
  assertEquals(encodeText(tokenizer, "cat").length, 1);
  assert(encodeText(tokenizer, "what is a cat?").includes(cat));
});

Deno.test("decodeResponse gives back what encodeResponse was given", () => {
  const bytes = new BpeTokenizer(trainBpe(tokenizerTexts(RECORDS), { vocabSize: 300, alphabet: "bytes" }));
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (response) => {
    assertEquals(decodeResponse(bytes, encodeResponse(bytes, response)), response);
  }));
  for (const response of ["", " ", "  two", "\nline", "end "]) {
    assertEquals(decodeResponse(bytes, encodeResponse(bytes, response)), response);
  }
});

Deno.test("decodeResponse stops at <eos> and drops special tokens", () => {
  const [cat] = encodeText(tokenizer, "cat");
  const pad = tokenizer.specialId("<pad>");
  assertEquals(decodeResponse(tokenizer, [cat, RES, cat, EOS, cat, pad]), "cat cat");
  assertEquals(decodeResponse(tokenizer, [cat, cat]), "cat cat");
});

Deno.test("fitPrompt drops or cuts what is over the limit, and keeps the final <res>", () => {
  const prompt = encodePrompt(tokenizer, RECORDS[0]);
  assertEquals(fitPrompt(prompt, { maxPromptTokens: prompt.length, longPrompts: "drop" }), prompt);
  assertEquals(fitPrompt(prompt, { maxPromptTokens: prompt.length - 1, longPrompts: "drop" }), undefined);
  assertEquals(fitPrompt(prompt, { maxPromptTokens: 4, longPrompts: "truncate" }), [...prompt.slice(0, 3), RES]);
  assertThrows(
    () => fitPrompt(prompt, { maxPromptTokens: 1, longPrompts: "drop" }),
    RangeError,
    "maxPromptTokens is 1",
  );
});

Deno.test("fitPrompts counts what it dropped and what it cut", () => {
  const lengths = RECORDS.map((record) => encodePrompt(tokenizer, record).length);
  const limit = Math.min(...lengths);
  const longer = lengths.filter((length) => length > limit).length;
  assert(longer > 0);
  const dropped = fitPrompts(tokenizer, RECORDS, { maxPromptTokens: limit, longPrompts: "drop" });
  assertEquals([dropped.prompts.length, dropped.droppedCount, dropped.truncatedCount], [3 - longer, longer, 0]);
  const cut = fitPrompts(tokenizer, RECORDS, { maxPromptTokens: limit, longPrompts: "truncate" });
  assertEquals([cut.prompts.length, cut.droppedCount, cut.truncatedCount], [3, 0, longer]);
  assert(cut.prompts.every(({ promptIds }) => promptIds.length <= limit && promptIds.at(-1) === RES));
});

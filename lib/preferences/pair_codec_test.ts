import { assertEquals } from "@std/assert";
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { encodePrompt, encodeResponse } from "#lib/data/prompt.ts";
import { TASK_TOKENS } from "#lib/data/task_prompt.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import { instructionCodec, sourceCodec } from "./pair_codec.ts";
import { codec, PROMPTS, RECORDS, say, tokenizer } from "./test_pairs.ts";

Deno.test("a prompt reads as its instruction, and as instruction and input with an empty line between where it has one", () => {
  assertEquals(PROMPTS.map((ids) => codec.promptText(ids)), ["what is a cat?", "name a pet.", "write a word.\n\ncat"]);
});

Deno.test("the text of a known prompt gives its own ids again, inputs and cut prompts included", () => {
  const cut = [...PROMPTS[0].slice(0, 3), PROMPTS[0].at(-1)!];
  const known = instructionCodec(new ProjectCodec(tokenizer), [...PROMPTS, cut, ...PROMPTS]);
  for (const ids of [...PROMPTS, cut]) {
    const text = known.promptText(ids);
    assertEquals([known.promptIds(text), known.isKnown(text)], [ids, true]);
  }
});

Deno.test("any other text is an instruction by itself", () => {
  const text = "name a word.\n\nor a cat?";
  assertEquals(codec.isKnown(text), false);
  assertEquals(codec.promptIds(text), encodePrompt(tokenizer, { instruction: text, input: "" }));
});

Deno.test("a response reads up to its end, without pieces that only round the vocabulary up", () => {
  const ids = say("a small pet.");
  assertEquals(codec.responseText(ids), "a small pet.");
  assertEquals(codec.responseText([...ids, ...say("a cat.")]), "a small pet.");
  assertEquals(codec.responseText([tokenizer.vocabSize + 1, ...ids]), "a small pet.");
  assertEquals(codec.responseIds("a small pet."), ids);
});

Deno.test("a source is its text, and its ids are read back, cut or not", () => {
  const texts = RECORDS.flatMap(({ instruction, response }) => [` ${instruction}`, ` ${response}`]);
  const plain = new BpeTokenizer(trainBpe(texts, { vocabSize: 200, specialTokens: TASK_TOKENS }));
  const source = encodeResponse(plain, "what is a cat?");
  const cut = [...source.slice(0, 2), source.at(-1)!];
  const sources = sourceCodec(new ProjectCodec(plain), [source, cut]);
  assertEquals(sources.promptText(source), "what is a cat?");
  for (const ids of [source, cut]) assertEquals(sources.promptIds(sources.promptText(ids)), ids);
  assertEquals(sources.promptIds("name a pet."), encodeResponse(plain, "name a pet."));
  assertEquals([sources.isKnown("what is a cat?"), sources.isKnown("name a pet.")], [true, false]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import { ChatTemplate } from "./chat_template.ts";
import { HubCodec } from "./hub_codec.ts";
import {
  chatPromptTemplate,
  encodeExample,
  encodeTemplate,
  INSTRUCTION_TEMPLATE,
  PLAIN_TEMPLATE,
  withPrefix,
} from "./prompt_template.ts";
import type { SpecialIds } from "./text_codec.ts";
import { vocabMergesJson } from "./vocab_merges.ts";

/** A tokenizer of these pieces, all of letters; `eos` ends a text. */
function codecOf(pieces: readonly string[], merges: string, specialIds: SpecialIds): HubCodec {
  const vocab = Object.fromEntries(["<eos>", ...pieces].map((piece, id) => [piece, id]));
  const json = vocabMergesJson({ vocab, vocabPath: "vocab.json", merges, mergesPath: "merges.txt" }, {});
  return new HubCodec(json, { specialIds, digest: "", path: "vocab.json" });
}

const PLAIN = { ...PLAIN_TEMPLATE, render: ({ instruction }: { instruction: string }) => instruction };

Deno.test("the instruction form has the input's part only where there is an input, and takes braces as they are", () => {
  const without = INSTRUCTION_TEMPLATE.render({ instruction: "Say {input}.", input: "" });
  assertEquals(
    without,
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n" +
      "### Instruction:\nSay {input}.\n\n### Response:\n",
  );
  const withInput = INSTRUCTION_TEMPLATE.render({ instruction: "Say $& it.", input: "{instruction}" });
  assertEquals(
    withInput,
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response " +
      "that appropriately completes the request.\n\n### Instruction:\nSay $& it.\n\n### Input:\n{instruction}\n\n" +
      "### Response:\n",
  );
  assertEquals(PLAIN_TEMPLATE.render({ instruction: "a", input: "b" }), "a\nb");
  assertEquals(PLAIN_TEMPLATE.render({ instruction: "a", input: "" }), "a");
});

Deno.test("a response is what follows as many ids as the prompt has by itself, then the end of the text", () => {
  const codec = codecOf(["a", "b", "c", "ab", "bc"], "a b\nb c\n", { eos: 0 });
  const example = (instruction: string, response: string) =>
    encodeExample(codec, PLAIN, { instruction, input: "", response });
  assertEquals(example("a", "c"), { promptIds: [1], responseIds: [3, 0] });
  // "a" and "b" are one piece of the whole text: the response begins behind it.
  assertEquals(example("a", "bc"), { promptIds: [1], responseIds: [3, 0] });
  assertEquals(example("cb", "ca"), { promptIds: [3, 2], responseIds: [1, 0] });
  assertEquals(example("a", ""), { promptIds: [1], responseIds: [0] });
});

Deno.test("without a token for the end of a text there is no example", () => {
  const codec = codecOf(["a"], "", {});
  const record = { instruction: "a", input: "", response: "a" };
  assertThrows(
    () => encodeExample(codec, PLAIN, record),
    InputError,
    "names no token for the end of a text (eos_token)",
  );
});

Deno.test("a chat template's special tokens become those tokens", () => {
  const template = new ChatTemplate("<eos>{{ messages[0].content }}", { path: "t" });
  const codec = codecOf(["a", "b", "Ċ"], "", { eos: 0 });
  const chat = chatPromptTemplate(template, "source");
  assertEquals(encodeTemplate(codec, chat, { instruction: "a", input: "b" }), [0, 1, 3, 3, 2]);
});

testBeside("data/dolly", "the prompts are those of MiniLLM's own files", async (folder) => {
  const lines = (await Deno.readTextFile(`${folder}/minillm_dolly_valid.jsonl`)).trim().split("\n").slice(0, 200);
  const records = lines.map((line) => JSON.parse(line) as { instruction: string; input: string; prompt: string });
  assert(records.some(({ input }) => input !== "") && records.some(({ input }) => input === ""));
  for (const { prompt, ...record } of records) assertEquals(INSTRUCTION_TEMPLATE.render(record), prompt);
});

Deno.test("a prefix stands in front of the instruction, in whatever form that is, and is another template for caches", () => {
  const prompt = { instruction: "the cat", input: "" };
  const prefixed = withPrefix(INSTRUCTION_TEMPLATE, "summarize: ");
  assertEquals(prefixed.render(prompt), INSTRUCTION_TEMPLATE.render({ ...prompt, instruction: "summarize: the cat" }));
  assert(prefixed.source !== INSTRUCTION_TEMPLATE.source);
  assertEquals(withPrefix(PLAIN_TEMPLATE, ""), PLAIN_TEMPLATE);
});

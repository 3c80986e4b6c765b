import { assertEquals, assertStringIncludes } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { main } from "./main.ts";
import { copyOfStories, recordedStory, STORIES, writeLines } from "./test_stories.ts";
import { keptTerminal } from "./test_terminal.ts";

/** Runs a command that is to be refused: with status 2 and one line on standard error, which is returned. */
async function refused(...args: string[]): Promise<string> {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main([...args, "--quiet"], { experiments: [], terminal });
  assertEquals([status, printed()], [2, ""], reported());
  const lines = reported().trimEnd().split("\n");
  assertEquals(lines.length, 1, reported());
  return lines[0];
}

const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });

/** A file of one line of JSON Lines for each record. */
async function dataOf(folder: string, ...records: object[]): Promise<string> {
  await writeLines(`${folder}/data.jsonl`, records);
  return `${folder}/data.jsonl`;
}

const PROMPT = { prompt: "One day", response: "he was sad." };

test("wrong flags of evaluate are refused, each in one line", async (folder) => {
  const data = await dataOf(folder, PROMPT);
  const of = (...flags: string[]) => refused("evaluate", STORIES, "--data", data, ...flags);
  assertStringIncludes(await refused("evaluate", STORIES), "evaluate needs --data DIR, a folder or file to score on");
  assertStringIncludes(await refused("evaluate", "--data", data), "evaluate needs MODEL");
  assertStringIncludes(await of("--metrics", "rouge"), 'unknown metric "rouge"; did you mean "rouge_l"');
  assertStringIncludes(await of("--texts-at-once", "0"), "--texts-at-once 0: must be at least 1");
  assertStringIncludes(await of("--samples", "two"), "--samples two: must be a whole number");
  assertStringIncludes(await of("--seed", "3"), "--seed draws nothing without --samples N");
  assertStringIncludes(
    await of("--samples", "2", "--seed", "1,2"),
    "--seed takes one seed; --samples N counts on from it",
  );
  assertStringIncludes(await of("--chat", "--bos"), "--bos: a chat template spells the beginning of a text itself");
  assertStringIncludes(await of("--chat"), "no chat template: the model is none for chats; leave --chat out");
  assertStringIncludes(
    await of("--max-new-tokens", "512"),
    "--max-new-tokens 512: the model has 512 positions, of which prompts need some",
  );
  assertStringIncludes(
    await of("--max-new-tokens", "100", "--max-prompt-tokens", "413"),
    "--max-prompt-tokens 413: with answers of 100 tokens at most 412 of the model's 512 positions are left",
  );
  await Deno.mkdir(`${folder}/out`);
  await Deno.writeTextFile(`${folder}/out/scores.csv`, "");
  assertStringIncludes(await of("--out", `${folder}/out`), "holds scores.csv already; name a folder that is empty");
});

test("data that cannot be scored on are refused, each in one line that names the file", async (folder) => {
  const of = (data: string, ...flags: string[]) =>
    refused("evaluate", STORIES, "--data", `${folder}/${data}`, ...flags);
  const file = (name: string, content: string | Uint8Array) =>
    typeof content === "string"
      ? Deno.writeTextFile(`${folder}/${name}`, content)
      : Deno.writeFile(`${folder}/${name}`, content);
  assertStringIncludes(await of("none.jsonl"), "none.jsonl: there is no such file or folder");
  await file("model.pt", "");
  assertStringIncludes(await of("model.pt"), "model.pt: it is of no form that is read: JSON Lines with instruction");
  await file("a.jsonl", '{"question_id": 1, "body": "x"}\n');
  assertStringIncludes(
    await of("a.jsonl"),
    "its first record has none of instruction, prompt, text, dialogue, translation, question; its keys: question_id, body",
  );
  await file("b.jsonl", '{"prompt": "a", "response": "b"}\n{"prompt": "a"\n');
  assertStringIncludes(await of("b.jsonl"), "b.jsonl, line 2: it is no JSON object on one line");
  await file("c.jsonl", '{"prompt": "a", "response": ""}\n');
  assertStringIncludes(
    await of("c.jsonl"),
    'c.jsonl, line 1: "response" is empty but must be a text or a list of texts',
  );
  await file("d.jsonl", '{"text": 5}\n');
  assertStringIncludes(await of("d.jsonl"), 'd.jsonl, line 1: "text" is 5 but must be a text');
  await file("e.txt", Uint8Array.of(0x4d, 0xfc, 0x6c, 0x6c));
  assertStringIncludes(await of("e.txt"), "e.txt, line 1, byte 2: 0xfc is not UTF-8");
  await file("empty.jsonl", "\n");
  assertStringIncludes(await of("empty.jsonl"), "empty.jsonl: it has no records");
  await file("text.jsonl", '{"text": "Once upon a time"}\n');
  assertStringIncludes(
    await of("text.jsonl", "--metrics", "rouge_l"),
    "text: --metrics rouge_l is of answers, but texts without a prompt have perplexity alone",
  );
  await file("f.jsonl", '{"text": "."}\n{"text": ","}\n');
  await Deno.mkdir(`${folder}/mixed`);
  await writeLines(`${folder}/mixed/one.jsonl`, [PROMPT]);
  await writeLines(`${folder}/mixed/two.jsonl`, [{ text: "a" }]);
  assertStringIncludes(await of("mixed"), "one.jsonl holds prompt records but two.jsonl text records; name one file");
  await Deno.mkdir(`${folder}/nothing`);
  assertStringIncludes(await of("nothing"), "nothing: nothing to score on; expected JSON Lines with instruction");
});

test("records of which nothing is left, or that a metric cannot score, are refused in one line", async (folder) => {
  const data = await dataOf(folder, { prompt: recordedStory.story, response: "The end." });
  assertStringIncludes(
    await refused("evaluate", STORIES, "--data", data, "--max-prompt-tokens", "20"),
    "data: all 1 prompts are left out, 1 of them over 20 tokens; raise --max-prompt-tokens",
  );
  const long = await dataOf(folder, { prompt: "Tom", response: Array(8).fill(recordedStory.story).join(" ") });
  assertStringIncludes(
    await refused("evaluate", STORIES, "--data", long, "--metrics", "perplexity"),
    "data: no reference fits the model's 512 positions beside its prompt, so that there is no perplexity",
  );
  const open = await dataOf(folder, PROMPT);
  assertStringIncludes(
    await refused("evaluate", STORIES, "--data", open, "--metrics", "accuracy", "--max-new-tokens", "2"),
    'The answer to a yes/no question must be "yes" or "no", not "he was sad."',
  );
});

test("what is no model that can be read is refused, in one line that names the file", async (folder) => {
  const data = await dataOf(folder, PROMPT);
  const of = (model: string) => refused("evaluate", `${folder}/${model}`, "--data", data);
  const copy = (name: string, changes: Parameters<typeof copyOfStories>[1]) =>
    copyOfStories(`${folder}/${name}`, changes);
  assertStringIncludes(await of("none/"), "no such folder; name one, or a model of the hub as ORG/NAME");
  await copy("a", { "model.safetensors": undefined });
  assertStringIncludes(
    await of("a"),
    "a: no model: it has no weights that can be read, model.safetensors or pytorch_model.bin",
  );
  const config = JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`));
  await copy("b", { "config.json": JSON.stringify({ ...config, model_type: "mamba" }) });
  assertStringIncludes(await of("b"), 'config.json: model_type is "mamba"; this reads');
  await copy("c", { "config.json": JSON.stringify({ ...config, vocab_size: 500 }) });
  assertStringIncludes(await of("c"), "c: tokenizer.json has 512 ids, the model 500 (vocab_size of config.json)");
  await copy("d", { "tokenizer.json": undefined, "tokenizer.model": undefined });
  assertStringIncludes(await of("d"), "d: no tokenizer (tokenizer.json, tokenizer.model");
  await copy("e", { "model.safetensors": (await Deno.readFile(`${STORIES}/model.safetensors`)).slice(0, 900_000) });
  assertStringIncludes(await of("e"), "model.safetensors: ");
  await copy("f", {
    "config.json": JSON.stringify({ ...config, eos_token_id: null }),
    "tokenizer_config.json": '{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>"}',
  });
  assertStringIncludes(
    await of("f"),
    "f: no token that ends a text: neither the tokenizer's files (eos_token) nor config.json",
  );
});

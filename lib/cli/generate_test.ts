import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { writeModel } from "#lib/models/checkpoint.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { testInFolder as testInPlainFolder } from "#lib/test_folder.ts";
import { INSTRUCTION_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { main } from "./main.ts";
import { keptTerminal } from "./test_terminal.ts";
import type { WrittenText } from "./write_texts.ts";

/** A trained model of stories, and what transformers wrote with it. */
const STORIES = decodeURIComponent(new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname);
const recorded = JSON.parse(await Deno.readTextFile(`${STORIES}/recorded.json`));
const codec = await tokenizerOf(STORIES);
const testInFolder = (name: string, fn: (folder: string) => Promise<void>) =>
  testInPlainFolder(name, fn, { opensDevice: true });

/** Runs the command; `pieces` are what it wrote of a text that it showed as it came. */
async function run(...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const pieces: string[] = [];
  const write = (text: string) => {
    pieces.push(text);
    terminal.write(text);
  };
  const status = await main(["generate", ...args], { experiments: [], terminal: { ...terminal, write } });
  return { status, printed: printed(), reported: reported(), pieces };
}

async function textsOf(...args: string[]): Promise<WrittenText[]> {
  const { status, printed, reported } = await run(...args, "--json");
  assertEquals(status, 0, reported);
  return printed.split("\n").map((line) => JSON.parse(line));
}

/** A copy of the model of stories with further or other files. */
async function storiesWith(folder: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  const names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
  for (const name of names) await Deno.copyFile(`${STORIES}/${name}`, `${folder}/${name}`);
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

gpuTest("the recorded text comes token by token, and what it took is said on standard error", async () => {
  const { status, printed, reported, pieces } = await run(STORIES, recorded.prompt, "--max-new-tokens", "100");
  assertEquals([status, recorded.prompt + printed], [0, recorded.greedy_text]);
  assert(pieces.length > 90, `${pieces.length} pieces`);
  assertMatch(reported, /\n100 tokens in \d+ s, [\d.]+ tokens\/s; --max-new-tokens ended the text\n$/);
  const [text] = await textsOf(STORIES, recorded.prompt, "--max-new-tokens", "100");
  assertEquals(text, {
    ...{ prompt: recorded.prompt, text: recorded.greedy_text.slice(recorded.prompt.length), promptTokens: 5 },
    ...{ ids: recorded.greedy, ended: "length" },
  });
});

gpuTest("the same seed gives the same text, another one another; narrow draws are greedy", async () => {
  const text = async (...args: string[]) =>
    (await textsOf(STORIES, recorded.prompt, "--max-new-tokens", "24", ...args))[0].ids;
  const greedy = recorded.greedy.slice(0, 24);
  const drawn = await text("--temperature", "1", "--seed", "3");
  assertEquals(await text("--temperature", "1", "--seed", "3"), drawn);
  assertNotEquals(await text("--temperature", "1", "--seed", "4"), drawn);
  assertNotEquals(drawn, greedy);
  for (const narrow of [["--top-k", "1"], ["--top-p", "1e-6"]]) {
    assertEquals(await text("--temperature", "1.5", ...narrow), greedy);
  }
  assertEquals(await text("--temperature", "0.001"), greedy);
  assertEquals(await text("--seed", "9"), greedy);
});

testInFolder(
  "prompts of a file are answered as one by one, several at once, as texts, as JSON and into a file",
  async (folder) => {
    const prompts = ["Once upon a time", "The cat", "Tom and Lily went to the park. They saw a", "One day"];
    await Deno.writeTextFile(`${folder}/p.txt`, `${prompts.join("\n\n")}\n`);
    await Deno.writeTextFile(
      `${folder}/p.jsonl`,
      prompts.map((prompt) => `${JSON.stringify({ prompt, id: 1 })}\n`).join(""),
    );
    const flags = ["--max-new-tokens", "12"];
    const texts = await textsOf(STORIES, "--prompts", `${folder}/p.txt`, ...flags);
    assertEquals(texts.map(({ prompt }) => prompt), prompts);
    for (const [i, prompt] of prompts.entries()) assertEquals(await textsOf(STORIES, prompt, ...flags), [texts[i]]);
    const sampled = ["--prompts", `${folder}/p.jsonl`, "--temperature", "1", "--seed", "5", ...flags];
    const drawn = await textsOf(STORIES, ...sampled);
    for (const size of ["1", "3"]) assertEquals(await textsOf(STORIES, ...sampled, "--texts-at-once", size), drawn);

    const shown = await run(STORIES, "--prompts", `${folder}/p.txt`, "--out", `${folder}/o.jsonl`, ...flags);
    assertEquals([shown.status, shown.printed], [0, ""]);
    assertMatch(shown.reported, /\n4 texts, 48 tokens in \d+ s, [\d.]+ tokens\/s\n$/);
    const lines = (await Deno.readTextFile(`${folder}/o.jsonl`)).trimEnd().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line)), texts);
    const { printed } = await run(STORIES, "--prompts", `${folder}/p.txt`, ...flags);
    assertEquals(printed, texts.map(({ prompt, text }) => `> ${prompt}\n${text.trim()}\n`).join("\n"));
  },
);

gpuTest("repetition limits hold: no three tokens in a row occur twice, and a penalty changes the text", async () => {
  const flags = [STORIES, recorded.prompt, "--max-new-tokens", "100"];
  const [{ ids }] = await textsOf(...flags, "--no-repeat-ngram", "3");
  const all = [...codec.encode(recorded.prompt, { addSpecialTokens: true }), ...ids];
  const runs = all.slice(2).map((_, i) => all.slice(i, i + 3).join());
  assertEquals(new Set(runs).size, runs.length);
  assertNotEquals(ids, recorded.greedy);
  assertNotEquals((await textsOf(...flags, "--repetition-penalty", "1.3"))[0].ids, recorded.greedy);
  assertEquals(
    (await textsOf(...flags, "--repetition-penalty", "1", "--no-repeat-ngram", "0"))[0].ids,
    recorded.greedy,
  );
});

testInFolder("a text ends with any of the end tokens of generation_config.json, which is not shown", async (folder) => {
  const stop = recorded.greedy[10];
  await storiesWith(folder, { "generation_config.json": { eos_token_id: [2, stop] } });
  const [text] = await textsOf(folder, recorded.prompt);
  assertEquals([text.ids, text.ended], [recorded.greedy.slice(0, 11), "eos"]);
  assertEquals(text.text, ", there was a little girl named Lily");
  assertMatch((await run(folder, recorded.prompt)).reported, /\n11 tokens in .*; the model ended the text\n$/);
});

testInFolder(
  "--chat takes the checkpoint's chat template with the tokens that it spells, --template the instruction form",
  async (folder) => {
    const template =
      "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}bot:";
    await storiesWith(folder, { "chat_template.jinja": template });
    const promptTokens = async (...flags: string[]) =>
      (await textsOf(folder, "Who?", "--max-new-tokens", "2", ...flags))[0].promptTokens;
    const chat = (text: string) => codec.encode(text, { findSpecialTokens: true }).length;
    assertEquals(await promptTokens("--chat"), chat("<s>user: Who?</s>bot:"));
    assertEquals(
      await promptTokens("--chat", "--system", "Be kind."),
      chat("<s>system: Be kind.</s>user: Who?</s>bot:"),
    );
    const instruction = codec.encode(INSTRUCTION_TEMPLATE.render({ instruction: "Who?", input: "" }));
    assertEquals(await promptTokens("--template", "instruction"), instruction.length);
    assertEquals(await promptTokens("--template", "plain"), codec.encode("Who?").length + 1);
    await Deno.writeTextFile(`${folder}/p.jsonl`, '{"instruction": "Add.", "input": "1 2"}\n');
    const [added] = await textsOf(folder, "--prompts", `${folder}/p.jsonl`, "--chat", "--max-new-tokens", "2");
    assertEquals([added.prompt, added.input, added.promptTokens], [
      "Add.",
      "1 2",
      chat("<s>user: Add.\n\n1 2</s>bot:"),
    ]);
  },
);

testInFolder(
  "an encoder-decoder answers the prompt that its encoder reads, with the end token behind it",
  async (folder) => {
    const gpu = await testGpu();
    using model = tinyEncoderDecoder(gpu, { vocabSize: 512 });
    await storiesWith(folder, {});
    await writeModel(model, folder, { eos_token_id: 2, pad_token_id: 0 });
    const promptIds = [...codec.encode("The cat", { addSpecialTokens: true }), 2];
    const settings = { ...GREEDY, maxNewTokens: 9, eosId: 2, padId: 0, seed: 0, purpose: "generate" };
    const [ids] = await generate(gpu, model, [{ promptIds, key: 0 }], settings);
    const [text] = await textsOf(folder, "The cat", "--max-new-tokens", "9");
    assertEquals([text.ids, text.promptTokens], [ids, promptIds.length]);
    assertEquals(text.text, codec.decode(ids));
  },
);

testInFolder("ids that the tokenizer has no token for are shown as U+FFFD, and it is said", async (folder) => {
  // Letters alone, and not the pieces that the model writes most.
  const { model, ...others } = JSON.parse(await Deno.readTextFile(`${STORIES}/tokenizer.json`));
  const letters = Object.entries(model.vocab).filter(([piece]) => [...piece].length === 1 || /^<.*>$/.test(piece));
  const vocab = Object.fromEntries(letters);
  await storiesWith(folder, { "tokenizer.json": { ...others, model: { ...model, vocab, merges: [] } } });
  const { status, printed, reported } = await run(folder, "The cat", "--max-new-tokens", "9");
  assertEquals(status, 0);
  const [, count] = /\n(\d+) of the ids have no token in this tokenizer, and are shown as \ufffd: /.exec(reported)!;
  assertEquals(printed.split("\ufffd").length - 1, Number(count));
});

testInFolder("wrong inputs are one line each", async (folder) => {
  const [bare, small, empty] = ["bare", "small", "empty"].map((name) => `${folder}/${name}`);
  for (const path of [bare, small, empty]) await Deno.mkdir(path);
  await storiesWith(bare, {});
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) await Deno.remove(`${bare}/${name}`);
  await storiesWith(small, {
    "config.json": { ...JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`)), vocab_size: 300 },
  });
  const file = async (
    name: string,
    text: string,
  ) => (await Deno.writeTextFile(`${folder}/${name}`, text), `${folder}/${name}`);
  const cases: [string[], RegExp][] = [
    [[], /^error: generate needs MODEL \[PROMPT\]; /],
    [["a", "b", "c"], /^error: generate takes MODEL \[PROMPT\], not "c" as well; /],
    [["no_experiment/sft/10", "a"], /^error: no_experiment\/sft\/10: no such folder; /],
    [[empty, "a"], /empty: no model: it has no config\.json/],
    [[bare, "a"], /bare: no tokenizer \(tokenizer\.json, /],
    [[small, "a"], /small: tokenizer\.json has 512 ids, the model 300 \(vocab_size of config\.json\)/],
    [
      [STORIES, "a", "--temperature=-1"],
      /^error: --temperature -1: must be 0 \(the likeliest token each time\) or more/m,
    ],
    [[STORIES, "a", "--temperature", "warm"], /^error: --temperature warm: must be a number, as in 0\.7$/m],
    [[STORIES, "a", "--temperature", "1", "--top-p", "2"], /^error: --top-p 2: must be above 0 and at most 1/m],
    [[STORIES, "a", "--top-k", "5"], /^error: --top-k has no effect at temperature 0/m],
    [[STORIES, "a", "--repetition-penalty", "0"], /^error: --repetition-penalty 0: must be above 0/m],
    [[STORIES, "a", "--texts-at-once", "0"], /^error: --texts-at-once 0: must be at least 1$/m],
    [[STORIES, "a", "--system", "b"], /^error: --system is a turn of a chat; give --chat as well$/m],
    [[STORIES, "a", "--chat", "--template", "plain"], /^error: --chat and --template plain: a prompt has one form/m],
    [[STORIES, "a", "--chat"], /stories260K: no chat template: the model is none for chats; leave --chat out$/m],
    [[STORIES, "a", "--template", "marked"], /^error: --template marked: the tokenizer has no <ins>/m],
    [[STORIES, "a", "--prompts", "b"], /^error: generate takes a PROMPT or --prompts, not both: "a" and b$/m],
    [[STORIES, "--prompts", `${folder}/none`], /none: there is no such file$/m],
    [[STORIES, "--prompts", await file("blank", "\n \n")], /blank: it has no prompts; write one a line/],
    [[STORIES, "--prompts", await file("p1", '{"prompt": "a"}\n{"text": "b"}\n')], /p1, line 2: no text "prompt"/],
    [[STORIES, "--prompts", await file("p2", '{"prompt": "a"}\nb\n')], /p2, line 2: not JSON: /],
    [
      [STORIES, "--prompts", folder + "/p2", "--out", `${folder}/p2`],
      /^error: --out \S+: the file of the prompts; name another$/m,
    ],
    [[STORIES, "a ".repeat(600)], /has \d{3} tokens and the model 512 positions: shorten it$/m],
    [
      [STORIES, "a", "--max-new-tokens", "511"],
      /has 2 tokens and the model 512 positions: at most 510 tokens can follow$/m,
    ],
    [[STORIES, "a", "--temprature", "5"], /^error: unknown flag --temprature; did you mean --temperature\?/],
  ];
  for (const [args, message] of cases) {
    const { status, printed, reported } = await run(...args);
    assertEquals([status, printed], [2, ""], `${args}: ${reported}`);
    const lines = reported.trimEnd().split("\n").filter((line) => !line.startsWith("reads "));
    assertEquals(lines.length, 1, reported);
    assertMatch(`${lines[0]}\n`.trimEnd(), message);
  }
  const unwritable = await run(STORIES, "a", "--out", `${bare}/config.json/x`);
  assertEquals(unwritable.status, 1);
  assertMatch(unwritable.reported, /\nerror: \S+\/x: cannot be written: .*, or take another file with --out FILE\n$/);
});

testInFolder(
  "an empty prompt begins with the token that begins texts, and is refused where there is none",
  async (folder) => {
    const [{ promptTokens, ids }] = await textsOf(STORIES, "", "--max-new-tokens", "3");
    assertEquals([promptTokens, ids.length], [1, 3]);
    const tokenizer = JSON.parse(await Deno.readTextFile(`${STORIES}/tokenizer.json`));
    const config = JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`));
    await storiesWith(folder, {
      "tokenizer.json": { ...tokenizer, post_processor: null },
      "tokenizer_config.json": { eos_token: "</s>" },
      "config.json": { ...config, bos_token_id: null },
    });
    const { status, reported } = await run(folder, "");
    assertEquals(status, 2);
    assertMatch(
      reported,
      /error: the prompt "" has no tokens, and the tokenizer none that begins a text \(bos_token\); /,
    );
  },
);

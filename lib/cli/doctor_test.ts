import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { main } from "./main.ts";
import { copyOfStories, STORIES } from "./test_stories.ts";
import { keptTerminal } from "./test_terminal.ts";

async function run(...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(["doctor", ...args], { experiments: [], terminal });
  return { status, printed: printed(), reported: reported() };
}

const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });

/** A folder with nothing but a configuration. */
async function configOnly(folder: string, name: string, config: object): Promise<string> {
  await Deno.mkdir(`${folder}/${name}`);
  await Deno.writeTextFile(`${folder}/${name}/config.json`, JSON.stringify(config));
  return `${folder}/${name}`;
}

const GPT2 = { model_type: "gpt2", n_embd: 768, n_layer: 12, n_head: 12, n_positions: 1024, vocab_size: 50257 };
const XL = { ...GPT2, n_embd: 1600, n_layer: 48, n_head: 25 };

test("doctor --for says that a small pair fits, by parts, with status 0", async () => {
  const { status, printed } = await run("--for", `${STORIES}:${STORIES}`, "--tokens", "128", "--memory", "1");
  assertEquals(status, 0, printed);
  assertMatch(
    printed,
    /^teacher {2}\S+: 260 k parameters \(llama, 5 layers of 64, 512 rows of the vocabulary\), files of 1\.0 MB$/m,
  );
  assertMatch(printed, /^tokens {3}the same tokenizer, 512 ids$/m);
  for (
    const part of [
      "weights",
      "gradients",
      "moments of AdamW",
      "activations that the tape keeps",
      "logits and their gradient",
    ]
  ) {
    assertMatch(printed, new RegExp(`^ {2}student: ${part} +\\d+(\\.\\d)? MiB$`, "m"));
  }
  assertMatch(printed, /^ {2}keys and values while one of them writes +\d+(\.\d)? MiB$/m);
  assertMatch(printed, /^memory {3}1\.00 GiB \(--memory\): enough$/m);
  assertMatch(printed, /\nIt fits\.$/);
});

test("doctor --for says which tensor is over which limit and what would fit, by configurations alone", async (folder) => {
  const [student, teacher] = [await configOnly(folder, "gpt2", GPT2), await configOnly(folder, "xl", XL)];
  const { status, printed } = await run("--for", `${teacher}:${student}`, "--memory", "6");
  assertEquals(status, 1);
  assertMatch(
    printed,
    /^teacher {2}\S+: 1\.56 G parameters \(gpt2, 48 layers of 1600, 50257 rows of the vocabulary\), no weights here$/m,
  );
  assertMatch(printed, /^ {2}teacher: weights +5\.80 GiB$/m);
  assertMatch(printed, /^ {2}together +15\.\d+ GiB$/m);
  assertMatch(printed, /^memory {3}6\.00 GiB \(--memory\): too little$/m);
  assertMatch(printed, /^texts {4}not even one at a time fits$/m);
  assertMatch(printed, /\nIt does not fit\.$/);
  const many = JSON.parse(
    (await run("--for", `${teacher}:${student}`, "--memory", "12", "--texts-per-step", "64", "--json")).printed,
  );
  assertEquals([many.fits, many.fit.hasMemory], [false, false]);
  const savings = ["--texts-at-once", "4", "--recompute", "--teacher-form", "f16"];
  const saved = await run("--for", `${teacher}:${student}`, "--memory", "9", "--texts-per-step", "64", ...savings);
  assertMatch(saved.printed, /^ {2}teacher: weights as f16 +2\.90 GiB$/m);
  assertEquals(saved.status, 0, saved.printed);
});

test("doctor --for tells pairs that cannot be distilled whatever the memory, with status 1", async (folder) => {
  const gpt2 = await configOnly(folder, "gpt2", GPT2);
  const t5 = await configOnly(folder, "t5", {
    ...{ model_type: "t5", vocab_size: 32128, d_model: 768, d_ff: 3072, num_layers: 12, num_heads: 12, d_kv: 64 },
    is_encoder_decoder: true,
  });
  const layouts = await run("--for", `${t5}:${gpt2}`);
  assertEquals(layouts.status, 1);
  assertStringIncludes(
    layouts.printed,
    "It cannot be distilled: one of them is an encoder-decoder and the other is not",
  );
  const mamba = await configOnly(folder, "mamba", { ...GPT2, model_type: "mamba" });
  const unknown = await run("--for", `${mamba}:${gpt2}`);
  assertEquals(unknown.status, 1);
  assertMatch(unknown.printed, /^teacher {2}\S+mamba: .*config\.json: model_type is "mamba"; this reads /m);
  const tokenizer = JSON.parse(await Deno.readTextFile(`${STORIES}/tokenizer.json`));
  const { vocab } = tokenizer.model;
  const [[first, one], [second, two]] = Object.entries(vocab).slice(-2);
  const swapped = { ...tokenizer, model: { ...tokenizer.model, vocab: { ...vocab, [first]: two, [second]: one } } };
  const other = await copyOfStories(`${folder}/other`, { "tokenizer.json": JSON.stringify(swapped) });
  const ids = await run("--for", `${STORIES}:${other}`, "--tokens", "64");
  assertEquals(ids.status, 1, ids.printed);
  assertStringIncludes(
    ids.printed,
    "It cannot be distilled: their tokenizers agree on 510 of 512 ids, the first other one is ",
  );
});

test("rows that only round a vocabulary up are told, and do not keep a pair from being distilled", async (folder) => {
  const config = JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`));
  const padded = await copyOfStories(`${folder}/padded`, {
    "config.json": JSON.stringify({ ...config, vocab_size: 576 }),
  });
  const { status, printed } = await run("--for", `${padded}:${STORIES}`, "--tokens", "64");
  assertEquals(status, 0, printed);
  assertMatch(
    printed,
    /^tokens {3}the same tokenizer, 512 ids; rows differ, 576 and 512: those beyond the shared ids are left out$/m,
  );
});

test("wrong inputs of doctor --for are refused, each in one line", async (folder) => {
  const refused = async (...args: string[]) => {
    const { status, printed, reported } = await run(...args);
    assertEquals([status, printed, reported.trimEnd().split("\n").length], [2, "", 1], reported);
    return reported;
  };
  const pair = `${STORIES}:${STORIES}`;
  assertStringIncludes(await refused("--for", STORIES), "write TEACHER:STUDENT, as in openai-community/gpt2-medium:");
  assertStringIncludes(await refused("--for", `:${STORIES}`), "write TEACHER:STUDENT");
  assertStringIncludes(await refused("--for", `${pair}:${STORIES}`), "write TEACHER:STUDENT");
  assertStringIncludes(await refused("--for", `./none:${STORIES}`), "./none: no such folder; name one");
  assertStringIncludes(
    await refused("--for", `${STORIES}/config.json:${STORIES}`),
    "a file; name the folder that it is in",
  );
  assertStringIncludes(await refused("--for", `${folder}:${STORIES}`), "no config.json, by which a model is planned");
  assertStringIncludes(
    await refused("--for", pair, "--memory", "12GB"),
    "--memory 12GB: must be a number of GiB, as in 12",
  );
  assertStringIncludes(await refused("--for", pair, "--memory", "0"), "--memory 0: must be a number of GiB");
  assertStringIncludes(await refused("--for", pair, "--texts-per-step", "0"), "--texts-per-step 0: must be at least 1");
  assertStringIncludes(await refused("--for", pair, "--tokens", "1"), "--tokens 1: must be at least 2");
  assertStringIncludes(await refused("--for", pair, "--profile", "huge"), 'unknown profile "huge"');
  assertStringIncludes(await refused("--memory", "12"), "--memory is of --for TEACHER:STUDENT, which is not given");
  assertStringIncludes(await refused("--lora", "4"), "--lora is of --for TEACHER:STUDENT, which is not given");
  for (
    const [flags, message] of [
      [["--texts-at-once", "0"], "--texts-at-once 0: must be at least 1"],
      [["--lora", "0"], "--lora 0: must be at least 1"],
      [["--lora-targets", "q_proj"], "--lora-targets is of --lora RANK, which is not given"],
      [["--lora", "4", "--lora-targets", "query"], "LoRA target query: the model has no such layer; it has down_proj"],
      [["--teacher-form", "q4"], 'unknown --teacher-form "q4"; known are f32, f16, bf16, int8'],
    ] as const
  ) assertStringIncludes(await refused("--for", pair, ...flags), message);
  assertStringIncludes(await refused("gpt2"), "takes flags only");
});

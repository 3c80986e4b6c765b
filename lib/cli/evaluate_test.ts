import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { main } from "./main.ts";
import { copyOfStories, recordedStory, STORIES, writeLines } from "./test_stories.ts";
import { keptTerminal } from "./test_terminal.ts";

async function run(...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(args, { experiments: [], terminal });
  return { status, printed: printed(), reported: reported() };
}

const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });

/** Stories that the model finds likely, in parts, and the same words in another order. */
const sentences = (text: string) => text.split(/(?<=\.) /).map((text) => ({ text }));

test("evaluate gives the recorded perplexity of a text and of its words in another order", async (folder) => {
  const { story, story_perplexity, shuffled, shuffled_perplexity } = recordedStory;
  await writeLines(`${folder}/story.jsonl`, [{ text: story }]);
  await Deno.writeTextFile(`${folder}/shuffled.txt`, shuffled);
  const of = async (file: string) => {
    const { status, printed } = await run("evaluate", STORIES, "--data", `${folder}/${file}`, "--json");
    assertEquals(status, 0);
    return JSON.parse(printed).scores[0];
  };
  const own = await of("story.jsonl");
  assertEquals([own.dataset, own.metric, own.count], ["story", "perplexity", 1]);
  assertAlmostEquals(own.value, story_perplexity, 1e-4);
  const other = await of("shuffled.txt");
  assertAlmostEquals(other.value / shuffled_perplexity, 1, 1e-4);
});

test("a text longer than the model's positions is read in windows, and every token but the first counts once", async (folder) => {
  const text = Array(6).fill(recordedStory.story).join(" ");
  await Deno.writeTextFile(`${folder}/long.txt`, text);
  const out = `${folder}/out`;
  const { status } = await run("evaluate", STORIES, "--data", `${folder}/long.txt`, "--out", out);
  assertEquals(status, 0);
  const items = await Deno.readTextFile(`${out}/items.csv`);
  const [, tokens] = /perplexity\.tokens,0,(\d+)/.exec(items)!;
  const dry = await run("evaluate", STORIES, "--data", `${folder}/long.txt`, "--dry-run");
  const [, references] = /(\d+) tokens of references/.exec(dry.printed)!;
  assert(Number(references) > 512);
  assertEquals(Number(tokens), Number(references) - 1);
});

test("evaluate answers prompts as the model was recorded to, and scores and keeps the answers", async (folder) => {
  const { prompt, greedy_text } = recordedStory;
  const response = greedy_text.slice(prompt.length);
  await writeLines(`${folder}/prompts.jsonl`, [{ prompt, response }, { prompt: "One day,", completion: [response] }]);
  const flags = ["--bos", "--max-new-tokens", "100", "--data", `${folder}/prompts.jsonl`];
  const { status, printed, reported } = await run("evaluate", STORIES, ...flags, "--out", `${folder}/out`);
  assertEquals(status, 0);
  assertMatch(printed, /^prompts +ROUGE-L +\d+\.\d +\d+\.\d to 100\.0 +2$/m);
  assertMatch(printed, /^prompts +perplexity +\d+\.\d\d +\d+\.\d\d to \d+\.\d\d +2$/m);
  assertMatch(reported, /written to .*\/out; two such folders are compared by \.\/run diff /);
  const [first] = (await Deno.readTextFile(`${folder}/out/samples.jsonl`)).split("\n");
  const { response: written, instruction } = JSON.parse(first);
  assertEquals([instruction, written], [prompt, response.trim()]);
  const { cells, data, settings } = JSON.parse(await Deno.readTextFile(`${folder}/out/provenance.json`));
  assertEquals(Object.keys(cells), ["model/0"]);
  assertMatch(data.prompts.files["prompts.jsonl"], /^[0-9a-f]{16}$/);
  const [{ model, bos, maxNewTokens }] = Object.values(settings) as Record<string, unknown>[];
  assertEquals([bos, maxNewTokens], [true, 100]);
  assertMatch((model as { files: Record<string, string> }).files["model.safetensors"], /^[0-9a-f]{64}$/);
});

test("samples are other answers for each seed, and the same for the same", async (folder) => {
  await writeLines(`${folder}/prompts.jsonl`, [{ prompt: "One day, Tom", response: "he saw a big dog." }]);
  const args = [
    "evaluate",
    STORIES,
    "--data",
    `${folder}/prompts.jsonl`,
    "--metrics",
    "rouge_l,bleu",
    "--max-new-tokens",
    "12",
  ];
  const scores = async (...flags: string[]) => JSON.parse((await run(...args, "--json", ...flags)).printed).scores;
  const [first, again, other] = [
    await scores("--samples", "2", "--seed", "1"),
    await scores("--samples", "2", "--seed", "1"),
    await scores("--samples", "2", "--seed", "7"),
  ];
  assertEquals(first, again);
  assert(JSON.stringify(first) !== JSON.stringify(other));
});

test("diff tells two models apart item by item, and says what differs beside", async (folder) => {
  await writeLines(`${folder}/stories.jsonl`, sentences(recordedStory.story));
  const weights = await Deno.readFile(`${STORIES}/model.safetensors`);
  // Other numbers here and there in the last tensors: the second byte of a float32 holds the first bits behind its exponent.
  for (let at = weights.length - 2; at > weights.length - 200_000; at -= 12) weights[at] ^= 0x40;
  const worse = await copyOfStories(`${folder}/worse`, { "model.safetensors": weights });
  for (const [name, model] of [["a", STORIES], ["b", worse], ["c", STORIES]]) {
    const args = ["--data", `${folder}/stories.jsonl`, "--out", `${folder}/${name}`, "--quiet"];
    assertEquals((await run("evaluate", model, ...args)).status, 0);
  }
  const { status, printed } = await run("diff", `${folder}/a`, `${folder}/b`);
  assertEquals(status, 1, printed);
  assertMatch(printed, /perplexity.*larger than the noise: up, worse/);
  assertStringIncludes(printed, "over the items, each compared with itself");
  assertStringIncludes(printed, "model.files.model.safetensors");
  assertEquals((await run("diff", `${folder}/a`, `${folder}/c`)).status, 0);
  // As many records, but others.
  await writeLines(`${folder}/stories.jsonl`, sentences(recordedStory.story.replaceAll("ball", "dog")));
  await run("evaluate", STORIES, "--data", `${folder}/stories.jsonl`, "--out", `${folder}/d`, "--quiet");
  const others = await run("diff", `${folder}/a`, `${folder}/d`);
  assertMatch(others.printed, /cannot be judged: other records/);
});

test("records that do not fit are left out, counted and said", async (folder) => {
  const { story } = recordedStory;
  await writeLines(`${folder}/p.jsonl`, [
    { prompt: "One day", response: "he was sad." },
    { prompt: story, response: "The end." },
    { prompt: "Tom", response: Array(8).fill(story).join(" ") },
  ]);
  const flags = ["--data", `${folder}/p.jsonl`, "--max-prompt-tokens", "50", "--max-new-tokens", "4"];
  const { status, printed } = await run("evaluate", STORIES, ...flags);
  assertEquals(status, 0);
  assertMatch(printed, /^p: 1 of 3 prompts are too long and left out\.$/m);
  assertMatch(
    printed,
    /^p: 1 of 3 references do not fit the model's positions beside their prompt: perplexity is of the others\.$/m,
  );
  assertMatch(printed, /^p +ROUGE-L .* 2$/m);
  assertMatch(printed, /^p +perplexity .* 1$/m);
});

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import type { TrainingForm } from "#lib/data/training_file.ts";
import { InputError } from "#lib/errors.ts";
import { digestOf } from "#lib/results/digest.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { INSTRUCTION_TEMPLATE, PLAIN_TEMPLATE, type PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { type DistilEncoding, encodeDistilTexts } from "./distil_texts.ts";
import { readWrittenTexts } from "./written_texts.ts";

const STORIES = decodeURIComponent(new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname);
const codec = await tokenizerOf(STORIES);
const EOS = 2;

const record = (instruction: string, input = ""): TrainingRecord => ({ instruction, input, references: [" No."] });
const TRAIN = [record("Tom had a ball."), record("Name it.", "a cat"), record("Tom had a car."), record("Be kind.")];
const HELD_OUT = [record("Tom had a hat.")];

/** The data as models read it, and what reads a teacher's texts on it. */
async function readingOf(template: PromptTemplate, form: TrainingForm = "instruction") {
  const encoding: DistilEncoding = {
    ...{ codec, template, layout: "oneText", eosIds: [EOS], padId: 0, bosId: 1 },
    ...{ actionCount: codec.vocabSize, maxPositions: 512, maxPromptTokens: 256, maxNewTokens: 24 },
    ...{ trainRecords: 100, itemsPerSet: 100 },
  };
  const sets = { form, train: TRAIN, validation: HELD_OUT, test: HELD_OUT, files: [], heldOut: "by files", notes: [] };
  return { encoding, texts: await encodeDistilTexts(sets, encoding), folder: STORIES };
}

/** What a student learns after each prompt. */
const spelt = (texts: readonly { readonly prompt: readonly number[]; readonly response: readonly number[] }[]) =>
  texts.map(({ prompt, response }) => {
    const [before, whole] = [prompt, [...prompt, ...response]].map((ids) => codec.decode(ids));
    return [before, whole.slice(before.length)];
  });

async function lines(path: string, ...records: readonly object[]): Promise<string> {
  await Deno.writeTextFile(path, records.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return path;
}

testInFolder("texts are on the data's prompts, whichever way a file names these", async (folder) => {
  const reading = await readingOf(INSTRUCTION_TEMPLATE);
  const [ball, name] = reading.texts.train.map(({ prompt }) => codec.decode(prompt));
  const expected = [[ball, " It was red."], [name, " Puss."]];
  const own = await lines(
    `${folder}/own.jsonl`,
    { instruction: "Tom had a ball.", output: " It was red." },
    { instruction: "Name it.", input: "a cat", output: " Puss." },
  );
  const whole = await lines(
    `${folder}/whole.jsonl`,
    { prompt: INSTRUCTION_TEMPLATE.render(TRAIN[0]), completion: " It was red." },
    { prompt: INSTRUCTION_TEMPLATE.render(TRAIN[1]), completion: " Puss." },
  );
  const generated = await lines(
    `${folder}/generated.jsonl`,
    { prompt: "Tom had a ball.", text: " It was red.", ended: "eos" },
    { prompt: INSTRUCTION_TEMPLATE.render(TRAIN[1]), text: " Puss.", ended: "eos" },
  );
  const read = await Promise.all([own, whole, generated].map((path) => readWrittenTexts(path, reading)));
  for (const { texts, digest, notes } of read) {
    assertEquals(spelt(texts), expected);
    assertEquals(texts.map(({ response }) => response.at(-1)), [EOS, EOS]);
    assertEquals(digest, read[0].digest);
    assertEquals(notes, ["train: 2 of 4 prompts have no text of the teacher."]);
  }
  assertEquals(read[1].description, {
    ...{ file: "whole.jsonl", file_digest: digestOf(await Deno.readFile(whole)), digest: read[0].digest },
    ...{ texts: 2, prompts: 2, training_prompts: 4, held_out_prompts: 0, notes: read[1].notes },
  });
});

testInFolder(
  "several texts on a prompt are all learned, in their order; others are counted and said",
  async (folder) => {
    const reading = await readingOf(PLAIN_TEMPLATE);
    const path = await lines(
      `${folder}/a.jsonl`,
      { prompt: "Tom had a car.", response: [" It was big.", " It was old."] },
      { prompt: "Tom had a hat.", response: " It was new." },
      { prompt: "Sam had a dog.", response: " It ran." },
      { prompt: "Be kind.", response: "" },
      { prompt: "Tom had a ball.", text: " It was r", ended: "length" },
      { prompt: "Be kind.", response: " It was big. It was very big and very red, and Tom liked it a lot." },
    );
    const { texts, notes, heldOut } = await readWrittenTexts(path, reading);
    assertEquals(spelt(texts).map(([, text]) => text).slice(0, 3), [" It was big.", " It was old.", " It was r"]);
    assertEquals(texts.map(({ response }) => response.includes(EOS)), [true, true, false, false]);
    assertEquals(texts[3].response.length, 24);
    assertEquals([...heldOut], [[0, [" It was new."]]]);
    assertEquals(notes, [
      "teacher texts: 1 of 6 records have no text and are left out.",
      "teacher texts: 1 of 6 are on held-out prompts and not learned from.",
      "teacher texts: 1 of 6 are on prompts that are not in the data and are left out.",
      "teacher texts: 1 of 4 responses are longer than 24 tokens (--max-new-tokens) and cut: their ends are not learned.",
      "train: 1 of 4 prompts have no text of the teacher.",
    ]);
    const first = await readWrittenTexts(path, { ...reading, most: 2 });
    assertEquals(spelt(first.texts), spelt(texts).slice(0, 2));
    assertEquals(first.notes[3], "teacher texts: the first 2 of 4 records are used (distillation.teacherTexts).");
  },
);

testInFolder("talks are spelt by the student's chat template, as those of the data are", async (folder) => {
  const template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
  await Deno.writeTextFile(`${folder}/chat_template.jinja`, template);
  const reading = await readingOf({ ...PLAIN_TEMPLATE, render: ({ instruction }) => `<user>${instruction}` });
  const talk = (content: string, text: string) => ({
    messages: [{ role: "user", content }, { role: "assistant", content: text }],
  });
  const path = await lines(`${folder}/talks.jsonl`, talk("Be kind.", " Yes."), talk("Be bold.", " No."));
  const { texts, notes } = await readWrittenTexts(path, { ...reading, folder });
  assertEquals(spelt(texts), [["<user>Be kind.", " Yes."]]);
  assertMatch(notes[0], /1 of 2 are on prompts that are not in the data/);
});

testInFolder(
  "a file whose texts are on no training prompt, or all over the limit, is refused in one line",
  async (folder) => {
    const reading = await readingOf(PLAIN_TEMPLATE);
    const refused = async (...records: readonly object[]) => {
      const path = await lines(`${folder}/x.jsonl`, ...records);
      const { message } = await assertRejects(() => readWrittenTexts(path, reading), InputError);
      return message.replace(folder, "");
    };
    assertEquals(
      await refused({ prompt: "Sam had\na dog.", response: " a" }, { prompt: "Tom had a hat.", response: " b" }),
      "/x.jsonl: none of its 2 texts is on a training prompt, 1 are on held-out ones; its first prompt is " +
        '"Sam had\\\\u{a}a dog.", that of the training data "Tom had a ball."',
    );
    assertMatch(
      await refused({ prompt: "Be kind.", response: " It was big.".repeat(20) }),
      /^teacher texts: all 1 responses are longer than 24 tokens, .*; raise --max-new-tokens$/,
    );
  },
);

testInFolder("a file that is not there is said", async (folder) => {
  const reading = await readingOf(PLAIN_TEMPLATE);
  await assertRejects(() => readWrittenTexts(`${folder}/none.jsonl`, reading), InputError, `${folder}/none.jsonl`);
});

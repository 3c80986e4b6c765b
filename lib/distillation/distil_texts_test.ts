import { assert, assertEquals, assertRejects } from "@std/assert";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import type { TrainingSets } from "#lib/data/training_sets.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { PLAIN_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { type DistilEncoding, encodeDistilTexts } from "./distil_texts.ts";
import { spellTalks } from "./talks.ts";

const STORIES = decodeURIComponent(new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname);
const codec = await tokenizerOf(STORIES);
const [BOS, EOS] = [1, 2];
const SHORT = " It was red.";
const LONG = `${SHORT} It was big. It was very big and very red, and Tom liked it.`;

const record = (instruction: string, response: string): TrainingRecord => ({
  instruction,
  input: "",
  references: [response],
});

const setsOf = (train: readonly TrainingRecord[], test = [record("Tom had a hat.", SHORT)]): TrainingSets => ({
  ...{ form: "prompt", train, validation: test, test, files: [], heldOut: "by files", notes: [] },
});

const encodingOf = (changes: Partial<DistilEncoding> = {}): DistilEncoding => ({
  ...{ codec, template: PLAIN_TEMPLATE, layout: "oneText", eosIds: [EOS], padId: 0, bosId: BOS },
  ...{ actionCount: codec.vocabSize, maxPositions: 512, maxPromptTokens: 12, maxNewTokens: 12 },
  ...{ trainRecords: 100, itemsPerSet: 100, ...changes },
});

Deno.test("prompts over the limit are left out, responses over theirs cut, and both are said", async () => {
  const longPrompt = record("Once upon a time there was a boy who had a ball, a car, a book and a hat.", SHORT);
  const train = [record("Tom had a ball.", SHORT), record("Tom had a car.", LONG), longPrompt];
  const texts = await encodeDistilTexts(setsOf(train), encodingOf());
  assertEquals(texts.notes, [
    "train: 1 of 3 prompts are longer than 12 tokens (--max-prompt-tokens) and left out.",
    "train: 1 of 2 responses are longer than 12 tokens (--max-new-tokens) and cut: their ends are not learned.",
  ]);
  const [short, long] = texts.train;
  assertEquals([short.prompt[0], short.response.at(-1), long.response.length], [BOS, EOS, 12]);
  assert(!long.response.includes(EOS));
  assertEquals(codec.decode([...short.prompt, ...short.response]), `Tom had a ball.${SHORT}`);
  const [{ prompts: [prompt] }] = texts.evaluation;
  assertEquals(texts.answerIds(prompt), texts.scored.items[0].referenceIds);
});

Deno.test("a response that was cut while it was written has no end", async () => {
  const unfinished = { ...record("Tom had a ball.", SHORT), isUnfinished: true };
  const { train: [whole, cut] } = await encodeDistilTexts(
    setsOf([record("Tom had a ball.", SHORT), unfinished]),
    encodingOf(),
  );
  assertEquals([...cut.response, EOS], [...whole.response]);
});

Deno.test("texts of ids that teacher and student do not share are refused", async () => {
  const error = await assertRejects(
    () => encodeDistilTexts(setsOf([record("Tom had a ball.", SHORT)]), encodingOf({ actionCount: 400 })),
    InputError,
    "train, record 1: it has tokens that teacher and student do not share, with ids from 400 on",
  );
  assert(!error.message.includes("\n"));
});

testInFolder("talks are prompts as the chat template spells them, the assistant's turn begun", async (folder) => {
  const template =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}";
  await Deno.writeTextFile(`${folder}/chat_template.jinja`, template);
  const talk = [{ role: "s", content: "Be kind." }, { role: "u", content: "Hi" }];
  const records = [{ ...record("", "Hello."), talk }];
  const sets: TrainingSets = { ...setsOf(records, records), form: "messages" };
  const spelt = await spellTalks(sets, folder);
  assertEquals(spelt.sets.train.map(({ instruction }) => instruction), ["<s>Be kind.<u>Hi<a>"]);
  assert(spelt.sets.test === spelt.sets.validation);
  assertEquals(spelt.template.render({ instruction: "<s>x", input: "" }), "<s>x");
  assert(spelt.template.spellsSpecialTokens);
});

import { assertEquals, assertRejects } from "@std/assert";
import type { ScoredSet } from "#lib/data/scored_sets.ts";
import { InputError } from "#lib/errors.ts";
import { INSTRUCTION_TEMPLATE, PLAIN_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { encodeSet, type EncodingSettings } from "./encoded_set.ts";

const codec = await tokenizerOf(new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname);
const [bos, eos] = [1, 2];

const SETTINGS: EncodingSettings = {
  ...{ codec, template: PLAIN_TEMPLATE, layout: "oneText", eosId: eos, maxPromptTokens: 30, maxPositions: 40 },
};

function setOf(form: ScoredSet["form"], ...texts: readonly (readonly [prompt: string, answer: string])[]): ScoredSet {
  const records = texts.map(([instruction, answer]) => ({ instruction, input: "", references: [answer, "another"] }));
  return { name: "set", form, records, files: [] };
}

testInFolder("to a decoder prompt and response are one text, which ends; --bos goes in front", async (folder) => {
  const set = setOf("prompt", ["Once upon", " a time"]);
  const { items: [item], fits } = await encodeSet(set, SETTINGS, { folder });
  assertEquals([...item.promptIds, ...item.referenceIds], [...codec.encode("Once upon a time"), eos]);
  assertEquals([codec.decode(item.promptIds), item.record, fits], ["Once upon", set.records[0], [true]]);
  const { items: [begun] } = await encodeSet(set, { ...SETTINGS, bosId: bos }, { folder });
  assertEquals(begun, { ...item, promptIds: [bos, ...item.promptIds] });
});

testInFolder("an encoder-decoder reads the source and writes the response, each with its end", async (folder) => {
  const settings: EncodingSettings = { ...SETTINGS, layout: "encoderDecoder", maxPositions: Infinity };
  const { items: [{ promptIds, referenceIds }] } = await encodeSet(setOf("source", ["Tom ran", "He ran"]), settings, {
    folder,
  });
  assertEquals(promptIds, [...codec.encode("Tom ran", { addSpecialTokens: true }), eos]);
  assertEquals(referenceIds, [...codec.encode("He ran", { addSpecialTokens: true }), eos]);
  await assertRejects(
    () => encodeSet(setOf("text", ["", "Tom ran"]), settings, { folder }),
    InputError,
    "set: an encoder-decoder answers prompts; texts without a prompt need a decoder",
  );
});

testInFolder(
  "a text has the special tokens that its tokenizer puts around it, and no end of its own",
  async (folder) => {
    const { items: [{ promptIds, referenceIds }] } = await encodeSet(setOf("text", ["", "Tom ran"]), SETTINGS, {
      folder,
    });
    assertEquals([promptIds, referenceIds], [[], [bos, ...codec.encode("Tom ran")]]);
  },
);

testInFolder(
  "what does not fit is left out and counted by reason, and the digests of the rest stay in order",
  async (folder) => {
    const set = setOf("prompt", ["Tom", "ran"], ["word ".repeat(40), "x"], ["", "x"], ["Lily", "word ".repeat(40)], [
      "Max",
      "sat",
    ]);
    const { items, fits, leftOut } = await encodeSet(set, SETTINGS, { folder });
    assertEquals(items.map(({ record }) => record.instruction), ["Tom", "Lily", "Max"]);
    assertEquals(fits, [true, false, true]);
    assertEquals(leftOut, { longPrompts: 1, emptyPrompts: 1, longReferences: 1, shortTexts: 0 });
  },
);

testInFolder("what was encoded is kept by what decides it: another template is encoded anew", async (folder) => {
  const set = setOf("instruction", ["Name a dog.", "Max"]);
  const first = await encodeSet(set, SETTINGS, { folder });
  const templated = await encodeSet(set, { ...SETTINGS, template: INSTRUCTION_TEMPLATE, maxPromptTokens: 500 }, {
    folder,
  });
  assertEquals(codec.decode(templated.items[0].promptIds), INSTRUCTION_TEMPLATE.render(set.records[0]));
  assertEquals(await encodeSet(set, SETTINGS, { folder }), first);
  assertEquals([...Deno.readDirSync(folder)].length, 2);
});

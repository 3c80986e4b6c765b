import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { formatHuggingFaceTokenizer } from "#lib/data/hugging_face_tokenizer.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { testModel } from "./test_sentencepiece.ts";
import { tokenizerOf } from "./tokenizer_files.ts";

const STORIES = new URL("./testdata/stories260K/", import.meta.url).pathname;

type Files = Readonly<Record<string, unknown>>;

/** Writes files: bytes and texts as they are, anything else as JSON. */
async function write(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    if (content instanceof Uint8Array) await Deno.writeFile(path, content);
    else await Deno.writeTextFile(path, typeof content === "string" ? content : JSON.stringify(content));
  }
}

const VOCAB = { "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, a: 4, b: 5, ab: 6, Ġ: 7 };
const MERGES = "#version: 0.2\na b\n";
const JSON_TOKENIZER = {
  added_tokens: [{ id: 0, content: "<s>", special: true }],
  model: { type: "BPE", vocab: VOCAB, merges: ["a b"] },
};
const PIECES = [["\u2581", -1], ["a", -2], ["\u2581a", -0.5]] as const;
const MODEL = testModel({ pieces: PIECES });

Deno.test("of several files tokenizer.json is read, by the settings beside it", async () => {
  const codec = await tokenizerOf(STORIES.replace(/\/$/, ""));
  const recorded = JSON.parse(await Deno.readTextFile(`${STORIES}recorded.json`));
  assertEquals(codec.encode(recorded.story, { addSpecialTokens: true }), recorded.story_ids);
  assertEquals(codec.encode(recorded.story), recorded.story_ids.slice(1));
  assertEquals(codec.decode([...recorded.story_ids.slice(0, 1), ...recorded.story_ids.slice(1)]), recorded.story);
  assertEquals([codec.vocabSize, codec.specialIds], [512, { bos: 1, eos: 2, unk: 0 }]);
  assertEquals(codec.isSpecial(1), true);
});

testInFolder("LLaMA's tokenizer.model begins texts with <s>, unless the settings say otherwise", async (folder) => {
  await Deno.copyFile(`${STORIES}tokenizer.model`, `${folder}/tokenizer.model`);
  await write(folder, { "config.json": { model_type: "llama", vocab_size: 512 } });
  const codec = await tokenizerOf(folder);
  const plain = codec.encode("Once");
  assertEquals(codec.encode("Once", { addSpecialTokens: true }), [1, ...plain]);
  assertEquals(codec.specialIds, { bos: 1, eos: 2, pad: undefined, unk: 0 });
  const tokenizer_class = "LlamaTokenizer";
  await write(folder, { "tokenizer_config.json": { tokenizer_class, add_bos_token: false, add_eos_token: true } });
  const other = await tokenizerOf(folder);
  assertEquals(other.encode("Once", { addSpecialTokens: true }), [...plain, 2]);
  assertEquals(codec.digest === other.digest, false);
});

testInFolder("T5's spiece.model ends texts with </s>, and extra ids come behind its pieces", async (folder) => {
  await write(folder, { "spiece.model": MODEL, "config.json": { model_type: "t5", vocab_size: 128 } });
  const codec = await tokenizerOf(folder);
  assertEquals(codec.vocabSize, 106);
  assertEquals(codec.encode("a", { addSpecialTokens: true }), [5, 2]);
  assertEquals(codec.encode("a<extra_id_0>a<extra_id_99>", { findSpecialTokens: true }), [5, 105, 5, 6]);
  assertEquals(codec.decode([5, 105]), "a");
  assertEquals(codec.decode([5, 105], { keepSpecialTokens: true }), "a<extra_id_0>");
  await write(folder, { "tokenizer_config.json": { tokenizer_class: "T5Tokenizer", extra_ids: 0 } });
  assertEquals((await tokenizerOf(folder)).vocabSize, 6);
});

testInFolder(
  "OPT's vocab.json and merges.txt begin texts with </s>: by the family, or by add_bos_token",
  async (folder) => {
    await write(folder, {
      "vocab.json": VOCAB,
      "merges.txt": MERGES,
      "config.json": { model_type: "opt", vocab_size: 8 },
    });
    const codec = await tokenizerOf(folder);
    assertEquals(codec.encode("ab a", { addSpecialTokens: true }), [2, 6, 7, 4]);
    assertEquals(codec.encode("ab a"), [6, 7, 4]);
    assertEquals(codec.encode("<pad>a</s>"), [1, 4, 2]);
    await write(folder, {
      "config.json": {},
      "tokenizer_config.json": {
        add_bos_token: true,
        bos_token: { content: "</s>" },
        eos_token: "</s>",
        pad_token: "<pad>",
      },
    });
    const configured = await tokenizerOf(folder);
    assertEquals(configured.encode("ab", { addSpecialTokens: true }), [2, 6]);
    assertEquals(configured.specialIds, { bos: 2, eos: 2, pad: 1 });
  },
);

testInFolder("special ids that no tokenizer file names are those of the model's config", async (folder) => {
  const config = { model_type: "gpt2", vocab_size: 8, bos_token_id: 0, eos_token_id: [2, 1] };
  await write(folder, { "vocab.json": VOCAB, "merges.txt": MERGES, "config.json": config });
  const codec = await tokenizerOf(folder);
  assertEquals(codec.specialIds, { bos: 0, eos: 2 });
  assertEquals(codec.encode("ab", { addSpecialTokens: true }), [6]);
});

testInFolder(
  "a tokenizer that this project wrote gives the ids that it has here, what it left over taken apart",
  async (folder) => {
    const texts = [" the cat sat on the mat", " the hat of the bat", " that cat's hat", " there the catnip sat"];
    const tokenizer = new BpeTokenizer(trainBpe(texts, { vocabSize: 34 }));
    const { json, scaffoldCount, firstScaffold } = formatHuggingFaceTokenizer(tokenizer, 36);
    assertEquals([scaffoldCount > 0, firstScaffold], [true, 36]);
    const settings = { eos_token: "<eos>", pad_token: "<pad>", unk_token: "<unk>", first_scaffold_id: firstScaffold };
    await write(folder, {
      ...{ "tokenizer.json": json, "tokenizer_config.json": settings },
      "config.json": { model_type: "gpt2", vocab_size: 36 },
    });
    const codec = await tokenizerOf(folder);
    for (const text of [...texts, " th", " ca tha", "at", " cats hatt", " zebra the"]) {
      assertEquals(codec.encode(text), tokenizer.encode(text), text);
    }
    assertEquals(codec.specialIds, { eos: tokenizer.specialId("<eos>"), pad: 0, unk: 1 });
    assertThrows(() => codec.decode([36]), RangeError, "id 36 has no token");
    await write(folder, { "tokenizer_config.json": { eos_token: "<eos>" } });
    await assertRejects(() => tokenizerOf(folder), InputError, "they are of different models");
  },
);

testInFolder("special tokens that the model has no row for are plain characters", async (folder) => {
  const image = { id: 8, content: "<img>", special: true };
  const added_tokens = [...JSON_TOKENIZER.added_tokens, image];
  await write(folder, {
    "tokenizer.json": { ...JSON_TOKENIZER, added_tokens },
    "config.json": { text_config: { vocab_size: 8 } },
  });
  const codec = await tokenizerOf(folder);
  assertEquals([codec.vocabSize, codec.encode("<s>ab<img>").includes(8)], [8, false]);
  await write(folder, { "config.json": { text_config: { vocab_size: 9 } } });
  assertEquals((await tokenizerOf(folder)).encode("<s>ab<img>"), [0, 6, 8]);
  await write(folder, { "config.json": { vocab_size: 8 }, "tokenizer_config.json": { eos_token: "<img>" } });
  await assertRejects(() => tokenizerOf(folder), InputError, 'eos_token is "<img>", which the tokenizer has not');
});

const REFUSED: readonly (readonly [files: Files, message: string])[] = [
  [{}, "no tokenizer (tokenizer.json, tokenizer.model, spiece.model, vocab.json with merges.txt)"],
  [{ "tekken.json": {} }, "tekken.json is there, which this does not read"],
  [{ "merges.txt": MERGES }, "merges.txt is there, but not vocab.json"],
  [{ "vocab.json": VOCAB }, "vocab.json is there, but not merges.txt"],
  [{ "vocab.json": [], "merges.txt": MERGES }, "vocab.json: it is an empty list"],
  [{ "vocab.json": VOCAB, "merges.txt": "a b\nabc\n" }, 'merges.txt, line 2: "abc" is no pair of pieces'],
  [{ "vocab.json": { a: 0, b: 1 }, "merges.txt": MERGES }, 'merge 0 needs the piece "ab"'],
  [{ "vocab.json": { a: 0, b: 1.5 }, "merges.txt": "" }, 'the id of "b" is 1.5'],
  [
    { "vocab.json": VOCAB, "merges.txt": MERGES, "tokenizer_config.json": { add_bos_token: true } },
    "add_bos_token is true, but no bos_token is named",
  ],
  [
    { "vocab.json": VOCAB, "merges.txt": MERGES, "tokenizer_config.json": { eos_token: "<end>" } },
    'eos_token is "<end>", which the tokenizer has not',
  ],
  [{ "tokenizer.json": "{" }, "tokenizer.json: not JSON"],
  [{ "tokenizer.json": "version https://git-lfs.github.com/spec/v1\n" }, "a pointer of Git LFS"],
  [{ "tokenizer.json": Uint8Array.of(0x7b, 0xe4) }, "tokenizer.json, line 1, byte 2: 0xe4 is not UTF-8"],
  [{ "tokenizer.json": { model: { type: "Neural" } } }, 'the model\'s type is "Neural"'],
  [{ "tokenizer.json": JSON_TOKENIZER, "tokenizer_config.json": [] }, "tokenizer_config.json: it is an empty list"],
  [
    { "tokenizer.json": JSON_TOKENIZER, "config.json": { vocab_size: 7 } },
    "tokenizer.json has 8 ids, the model 7 (vocab_size of config.json): they are of different models",
  ],
  [{ "tokenizer.model": MODEL }, "model_type is missing and no tokenizer_class is named"],
  [
    { "tokenizer.model": MODEL, "tokenizer_config.json": { tokenizer_class: "XLMRobertaTokenizer" } },
    'tokenizer_class is "XLMRobertaTokenizer"; this reads SentencePiece models of LlamaTokenizer',
  ],
  [
    { "tokenizer.model": MODEL.slice(0, 25), "config.json": { model_type: "llama" } },
    "tokenizer.model: no SentencePiece model, or a damaged one",
  ],
  [
    { "spiece.model": MODEL, "tokenizer_config.json": { tokenizer_class: "T5Tokenizer", extra_ids: -1 } },
    "extra_ids is -1; it is a whole number up to 10,000",
  ],
  [
    { "spiece.model": MODEL, "config.json": { model_type: "t5", vocab_size: 100 } },
    "spiece.model has 106 ids, the model 100",
  ],
  [
    { "tokenizer.model": MODEL, "config.json": { model_type: "llama" }, "added_tokens.json": { "<x>": -4 } },
    "added_tokens.json: an added token has the id -4",
  ],
];

testInFolder("every wrong folder is refused in one line that names the file", async (folder) => {
  for (const [i, [files, message]] of REFUSED.entries()) {
    const own = `${folder}/${i}`;
    await Deno.mkdir(own);
    await write(own, files);
    const error = await assertRejects(() => tokenizerOf(own), InputError, message);
    assertEquals([error.message.startsWith(own), error.message.includes("\n")], [true, false], error.message);
  }
});

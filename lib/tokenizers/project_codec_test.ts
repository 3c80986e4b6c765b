import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { encodeText } from "#lib/data/prompt.ts";
import { ProjectCodec } from "./project_codec.ts";

const tokenizer = new BpeTokenizer(trainBpe([" the cat sat", " the hat"], { vocabSize: 280, alphabet: "bytes" }));
const codec = new ProjectCodec(tokenizer);

Deno.test("the project's tokenizer encodes as the tables' texts are, with a space in front, and gives every text back", () => {
  assertEquals(codec.encode("the cat"), encodeText(tokenizer, "the cat"));
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    assertEquals(codec.decode(codec.encode(text)), text);
  }));
});

Deno.test("special tokens have ids and no text, and are plain characters in a text unless it is a template's", () => {
  const [ins, res, eos] = ["<ins>", "<res>", "<eos>"].map((token) => tokenizer.specialId(token));
  assertEquals(codec.specialIds, { eos, pad: 0, unk: 1 });
  assertEquals(codec.encode("<eos>").includes(eos), false);
  const ids = codec.encode("<ins>the cat<res>", { findSpecialTokens: true });
  assertEquals(ids, [ins, ...encodeText(tokenizer, "the cat"), res]);
  assertEquals(codec.decode(ids), "the cat");
  assertEquals(codec.decode(ids, { keepSpecialTokens: true }), "<ins> the cat<res>");
  assertEquals([codec.isSpecial(eos), codec.isSpecial(codec.vocabSize - 1)], [true, false]);
  assertThrows(() => codec.decode([codec.vocabSize]), RangeError);
});

Deno.test("the digest is the tokenizer's own", () => {
  const other = new BpeTokenizer(trainBpe([" the cat sat", " the dog"], { vocabSize: 280, alphabet: "bytes" }));
  assertEquals(new ProjectCodec(tokenizer).digest, codec.digest);
  assertEquals(new ProjectCodec(other).digest === codec.digest, false);
});

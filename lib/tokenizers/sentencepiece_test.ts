import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import { SentencePieceCodec } from "./sentencepiece_codec.ts";
import { readSentencePieceModel } from "./sentencepiece_model.ts";
import { testCharsmap, testMessage, type TestModel, testModel } from "./test_sentencepiece.ts";
import { anyText } from "./test_texts.ts";
import { tokenizerOf } from "./tokenizer_files.ts";

const STORIES = new URL("./testdata/stories260K/", import.meta.url).pathname;
const stories = Deno.readFileSync(`${STORIES}tokenizer.model`);
const recorded = JSON.parse(Deno.readTextFileSync(`${STORIES}recorded.json`));

function codecOf(bytes: Uint8Array): SentencePieceCodec {
  const rules = { front: [1], back: [], specialIds: {}, specialTokens: new Map([[1, "<s>"], [2, "</s>"]]) };
  return new SentencePieceCodec(readSentencePieceModel(bytes, "a.model"), rules, "digest");
}

const made = (model: TestModel) => codecOf(testModel(model));
/** Pieces as their texts, for models of few pieces. */
const spelt = (model: TestModel, text: string) => {
  const names = ["<unk>", "<s>", "</s>", ...model.pieces.map(([piece]) => piece)];
  return made(model).encode(text).map((id) => names[id]);
};

Deno.test("the tokenizer of stories260K gives the recorded ids and text", () => {
  const codec = codecOf(stories);
  assertEquals(codec.vocabSize, 512);
  assertEquals(codec.encode(recorded.story, { addSpecialTokens: true }), recorded.story_ids);
  assertEquals(codec.decode(recorded.story_ids), recorded.story);
  const prompt = codec.encode(recorded.prompt, { addSpecialTokens: true });
  assertEquals(codec.decode([...prompt, ...recorded.greedy]), recorded.greedy_text);
  assertEquals(codec.decode([1, 2], { keepSpecialTokens: true }), "<s></s>");
});

Deno.test("decoding gives every text back, characters without a piece by their bytes", () => {
  const codec = codecOf(stories);
  fc.assert(fc.property(anyText, (text) => {
    // The sign for a space is a space when it comes back.
    assertEquals(codec.decode(codec.encode(text)), text.replaceAll("\u2581", " "));
  }));
});

Deno.test("tokenizer.model and tokenizer.json of one tokenizer give the same ids for text without special tokens", async () => {
  const [model, json] = [codecOf(stories), await tokenizerOf(STORIES)];
  const text = fc.array(fc.constantFrom("Once", " upon", " a", "  ", " time", "é", "\n", "🙂", "Lily's", "x9"));
  fc.assert(fc.property(text, (parts) => {
    // An empty text has a space in front in one of them.
    if (parts.length > 0) assertEquals(model.encode(parts.join("")), json.encode(parts.join("")));
  }));
});

Deno.test("special tokens in a text are plain characters, or are found where a template made it", () => {
  const codec = codecOf(stories);
  assertEquals(codec.encode("<s>a</s>").includes(1), false);
  const found = codec.encode("<s>a</s>", { findSpecialTokens: true });
  assertEquals(found, [1, ...codec.encode("a"), 2]);
});

Deno.test("BPE joins the pair of the highest score first, of equal ones the leftmost", () => {
  const letters = ["\u2581", "a", "b", "c"].map((text, i) => [text, -10 - i] as const);
  const model = (scores: Record<string, number>): TestModel => ({
    kind: "bpe",
    pieces: [...letters, ...Object.entries(scores)],
  });
  assertEquals(spelt(model({ ab: -1, bc: -2 }), "abc"), ["\u2581", "ab", "c"]);
  assertEquals(spelt(model({ ab: -2, bc: -1 }), "abc"), ["\u2581", "a", "bc"]);
  assertEquals(spelt(model({ aa: -1 }), "aaa"), ["\u2581", "aa", "a"]);
  // What a merge makes comes before another place of the same merge, if its score is higher.
  assertEquals(spelt(model({ ab: -2, aba: -1 }), "abab"), ["\u2581", "aba", "b"]);
  // A piece of three is reached by its halves only.
  assertEquals(spelt(model({ abc: -1 }), "abc"), ["\u2581", "a", "b", "c"]);
});

Deno.test("unigram takes the most probable pieces: as trying all of them does", () => {
  const pieces = ["\u2581", "a", "b", "ab", "ba", "aba", "\u2581a", "bb"];
  const scores = fc.array(fc.integer({ min: -80, max: -1 }), { minLength: pieces.length, maxLength: pieces.length });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "z"), maxLength: 8 });
  fc.assert(fc.property(scores, text, (scores, text) => {
    const entries = pieces.map((piece, i) => [piece, scores[i] / 8] as const);
    const unknown = Math.min(...scores) / 8 - 10;
    const scoreOf = new Map<string, number>(entries);
    const best = (rest: string): number =>
      rest === "" ? 0 : Math.max(
        ...[1, 2, 3].filter((n) => n <= rest.length).map((n) => {
          const score = scoreOf.get(rest.slice(0, n)) ?? (n === 1 ? unknown : -Infinity);
          return score === -Infinity ? score : score + best(rest.slice(n));
        }),
      );
    const model = readSentencePieceModel(testModel({ pieces: entries }), "a.model");
    const codec = codecOf(testModel({ pieces: entries }));
    const normalized = codec.normalize(text);
    const ids = codec.encode(text);
    // Unknown characters side by side have one id, so their number is taken from the text.
    const unknowns = [...text].filter((letter) => letter === "z").length;
    const known = ids.filter((id) => id !== 0).reduce((sum, id) => sum + model.pieces[id].score, 0);
    assert(Math.abs(known + unknowns * unknown - best(normalized)) < 1e-3, `${text}: ${ids}`);
  }));
});

Deno.test("unknown characters side by side are one piece, and decode to the unknown surface", () => {
  const codec = made({ pieces: [["\u2581", -1], ["a", -2]] });
  assertEquals(codec.encode("azya"), [3, 4, 0, 4]);
  assertEquals(codec.decode([3, 4, 0, 4]), "a \u2047 a");
});

Deno.test("unused pieces of a unigram model are not chosen", () => {
  const pieces = [["\u2581", -1], ["a", -5], ["b", -5], ["ab", -1, "unused"]] as const;
  assertEquals(spelt({ pieces }, "ab"), ["\u2581", "a", "b"]);
});

Deno.test("pieces that the user has defined are kept whole", () => {
  const defined = [["\u2581", -1], ["a", -2], ["b", -2], ["ab", -1], ["<x>", 0, "userDefined"]] as const;
  for (const kind of ["unigram", "bpe"] as const) {
    assertEquals(spelt({ kind, pieces: defined }, "a<x>ab"), ["\u2581", "a", "<x>", "ab"]);
  }
  const crossing = [["\u2581", -1], ["a", -2], ["b", -2], ["ab", -1], ["aa", 0, "userDefined"]] as const;
  assertEquals(spelt({ kind: "bpe", pieces: crossing }, "aab"), ["\u2581", "aa", "b"]);
});

Deno.test("the charsmap replaces the longest sequence that it has, and not within what the user has defined", () => {
  const charsmap = testCharsmap({ "Ａ": "A", "ﬁ": "fi", "e": "E", "e\u0301": "é", "\n": " ", "\u00ad": "" });
  const codec = made({
    pieces: [["\u2581", -1], ["ee", 0, "userDefined"]],
    normalizer: [[2, charsmap]],
  });
  const normalized = (text: string) => codec.normalize(text).replaceAll("\u2581", "_");
  assertEquals(normalized("Ａﬁ"), "_Afi");
  assertEquals(normalized("e\u0301e"), "_éE");
  assertEquals(normalized("eee"), "_eeE");
  assertEquals(normalized(" a \n  b\n"), "_a_b");
  assertEquals(normalized("\u00ad \n"), "");
  assertEquals(normalized("x\u00ady"), "_xy");
});

Deno.test("spaces stay as they are where a model does not remove them, and none is in front where it says so", () => {
  const pieces = [["\u2581", -1], ["a", -2]] as const;
  const kept = made({ pieces, normalizer: [[4, 0]] });
  assertEquals(kept.encode("a  a "), [3, 4, 3, 3, 4, 3]);
  assertEquals(kept.decode([3, 4, 3, 3, 4, 3]), "a  a ");
  const bare = made({ pieces, normalizer: [[3, 0], [4, 0]] });
  assertEquals(bare.encode("a a"), [4, 3, 4]);
  assertEquals(bare.decode([3, 4]), " a");
});

Deno.test("ids without a token are refused", () => {
  assertThrows(() => codecOf(stories).decode([512]), RangeError, "id 512 has no token in the vocabulary of 512 ids");
});

Deno.test("a file cut off anywhere is refused in one line", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: stories.length - 1 }), (length) => {
      const error = assertThrows(() => readSentencePieceModel(stories.slice(0, length), "a.model"), InputError);
      assert(/^a\.model[^\n]*$/.test(error.message), error.message);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a file with bytes changed is read or refused in one line, never anything else", () => {
  const change = fc.array(fc.tuple(fc.nat(stories.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(change, (changes) => {
      const bytes = stories.slice();
      for (const [at, value] of changes) bytes[at] = value;
      try {
        codecOf(bytes).encode("Once upon a time");
      } catch (error) {
        assert(error instanceof InputError && !error.message.includes("\n"), `${error}`);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("models that this does not compute, or that are none, are refused by name", () => {
  const pieces = [["a", -1]] as const;
  const refused: [Uint8Array, string][] = [
    [new Uint8Array(), "no pieces"],
    [new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid"), "a pointer of Git LFS"],
    [Uint8Array.of(0x0b, 0x01), "the field at byte 0 has the wire type 3"],
    [Uint8Array.of(0x0a, 0x05, 0x01), "it ends within a field"],
    [new Uint8Array(12).fill(0xff), "longer than 10 bytes"],
    [testMessage([[1, testMessage([[1, "a"]])]]), "it has no trainer_spec"],
    [testModel({ pieces, trainer: [[3, 3]] }), "its model_type is word; this reads unigram and bpe"],
    [testModel({ pieces, trainer: [[24, 1]] }), "spaces stand behind words"],
    [testModel({ pieces, trainer: [[35, 1]] }), "pieces for 0 of the 256"],
    [testModel({ pieces: [["a", -1], ["a", -2]] }), 'pieces 3 and 4 are both "a"'],
    [testModel({ pieces: [["a", NaN]] }), "piece 3 has the score NaN"],
    [testModel({ pieces: [["", -1]] }), "piece 3 is empty"],
    [testModel({ pieces: [["x", 0, "unknown"]] }), "it has 2 unknown pieces"],
    [testModel({ pieces: [["x\n", 0, "byte"]] }), 'piece 3, "x\\u{a}", is of the type byte'],
    [testModel({ kind: "bpe", pieces: [["x", 0, "unused"]] }), "1 of its pieces are unused"],
    [testModel({ pieces, normalizer: [[2, Uint8Array.of(1, 2, 3)]] }), "the charsmap has 3 bytes"],
    [testModel({ pieces, normalizer: [[2, new Uint8Array(12).fill(9)]] }), "says that its trie has"],
  ];
  for (const [bytes, message] of refused) {
    assertThrows(() => readSentencePieceModel(bytes, "a.model"), InputError, message);
  }
});

testBeside("data/tokenizers", "published models are read: a text of theirs comes back", async (folder) => {
  for (const name of ["llama2_tokenizer", "mistral_v1_tokenizer"]) {
    const codec = codecOf(await Deno.readFile(`${folder}/${name}.model`));
    const text = "Déjà vu:  two spaces,\n日本語 🙂 and <s>";
    assertEquals(codec.decode(codec.encode(text)), text);
    assertEquals(codec.vocabSize, 32_000);
  }
});

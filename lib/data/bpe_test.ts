import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { type BpeModel, BpeTokenizer, INSTRUCTION_TOKENS, pretokenize } from "./bpe_tokenizer.ts";
import { trainBpe } from "./bpe_trainer.ts";
import { type Merge, mergeAll, pairKey } from "./merge_all.ts";
import { buildInstructionTasks } from "./instruction_tasks.ts";
import { PairCounts } from "./pair_counts.ts";
import { tokenizerTexts } from "./prompt.ts";
import { SymbolTable } from "./symbol_table.ts";

const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.lorem());
const smallText = fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 30 });

/** The merges of Sennrich et al. 2016, algorithm 1, by counting everything anew for each merge. */
function naiveMerges(texts: readonly string[], model: BpeModel): BpeModel["merges"] {
  const first = model.specialTokens.length;
  const spelling = [...model.specialTokens.map(() => ""), ...model.alphabet.map((byte) => String.fromCharCode(byte))];
  let words = texts.flatMap(pretokenize).map((word) =>
    Array.from(word, (letter) => first + model.alphabet.indexOf(letter.charCodeAt(0)))
  );
  const merges: (readonly [number, number])[] = [];
  while (merges.length < model.merges.length) {
    const counts = new Map<string, { pair: readonly [number, number]; count: number }>();
    for (const word of words) {
      for (let index = 0; index + 1 < word.length; index++) {
        const pair = [word[index], word[index + 1]] as const;
        counts.set(pair.join(), { pair, count: (counts.get(pair.join())?.count ?? 0) + 1 });
      }
    }
    const [best] = [...counts.values()].sort((a, b) =>
      b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1]
    );
    if (best === undefined || best.count < 2) break;
    const [left, right] = best.pair;
    const known = spelling.indexOf(spelling[left] + spelling[right]);
    const joined = known >= 0 ? known : spelling.push(spelling[left] + spelling[right]) - 1;
    if (!merges.some((merge) => merge.join() === best.pair.join())) merges.push(best.pair);
    words = words.map((word) => {
      const merged: number[] = [];
      for (let index = 0; index < word.length; index++) {
        const isPair = word[index] === left && word[index + 1] === right;
        merged.push(isPair ? joined : word[index]);
        if (isPair) index++;
      }
      return merged;
    });
  }
  return merges;
}

Deno.test("pretokenize splits as GPT-2 does: contractions, words, numbers, punctuation, white space", () => {
  assertEquals(pretokenize("It's 2 dogs,  and\n\n cats!"), [
    "It",
    "'s",
    " 2",
    " dogs",
    ",",
    " ",
    " and",
    "\n\n",
    " cats",
    "!",
  ]);
});

Deno.test("pretokenize loses nothing", () => {
  fc.assert(fc.property(text, (text) => assertEquals(pretokenize(text).join(""), text)));
});

Deno.test("trainBpe learns the example of Sennrich et al. 2016", () => {
  // Section 3.2: low 5×, lower 2×, newest 6×, widest 3×; the first merges are e s, es t, l o, lo w (there with an end mark).
  const texts = Object.entries({ low: 5, lower: 2, newest: 6, widest: 3 }).flatMap(([word, count]) =>
    Array<string>(count).fill(word)
  );
  const model = trainBpe(texts, { vocabSize: 10 + 3, specialTokens: [] });
  const tokenizer = new BpeTokenizer({ ...model, scaffolds: [] });
  const letters = [..."deilnorstw"];
  assertEquals(model.alphabet, letters.map((letter) => letter.charCodeAt(0)));
  assertEquals(Array.from({ length: 4 }, (_, index) => tokenizer.decode([10 + index])), ["es", "est", "lo", "low"]);
});

Deno.test("trainBpe learns the same merges as counting everything anew", () => {
  fc.assert(fc.property(fc.array(smallText, { minLength: 1, maxLength: 12 }), (texts) => {
    const model = trainBpe(texts, { vocabSize: 40 });
    assertEquals(model.merges, naiveMerges(texts, model));
  }));
});

Deno.test("mergeAll joins as looking for the first learned pair anew each time", () => {
  const naive = (symbols: number[], merges: ReadonlyMap<number, Merge>): number[] => {
    const found = symbols.slice(1).flatMap((right, i) => merges.get(pairKey(symbols[i], right)) ?? []);
    if (found.length === 0) return symbols;
    const { key, symbol } = found.reduce((a, b) => a.rank <= b.rank ? a : b);
    const joined: number[] = [];
    for (let i = 0; i < symbols.length; i++) {
      const isPair = i + 1 < symbols.length && pairKey(symbols[i], symbols[i + 1]) === key;
      joined.push(isPair ? symbol : symbols[i]);
      if (isPair) i++;
    }
    return naive(joined, merges);
  };
  // Joined symbols have the next free number or, as where two pairs spell the same bytes, that of an earlier one.
  const pairs = fc.uniqueArray(fc.tuple(fc.nat(9), fc.nat(9)), { selector: String, maxLength: 12 });
  fc.assert(fc.property(fc.array(fc.nat(2), { maxLength: 40 }), pairs, fc.nat(2), (word, pairs, shared) => {
    const merges = new Map(
      pairs.map(([left, right], rank) => {
        const symbol = 3 + rank - (rank % 3 === 2 ? shared : 0);
        return [pairKey(left, right), { rank, key: pairKey(left, right), symbol }];
      }),
    );
    const sizes = new Map(pairs.map(([left, right], rank) => [3 + rank, [left, right]]));
    fc.pre([...sizes].every(([symbol, [left, right]]) => left < symbol && right < symbol));
    assertEquals(mergeAll(word, merges), naive(word, merges));
  }));
});

/** Texts without any break, of letters and of repeats. */
function unbrokenTexts(length: number): string[] {
  let state = 1;
  const letter = () => String.fromCharCode(97 + (state = (state * 48271) % 2147483647) % 26);
  return [Array.from({ length }, letter).join(""), "a".repeat(length), "ab".repeat(length / 2)];
}

Deno.test("a text without any break, of letters or of one letter, is trained on and encoded", () => {
  for (const text of unbrokenTexts(60_000)) {
    const tokenizer = new BpeTokenizer(trainBpe([text], { vocabSize: 1024 }));
    assertEquals(tokenizer.decode(tokenizer.encode(text)), text);
  }
});

Deno.test("however long a text is and however many merges there are, they look at three places a letter at most", () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const symbolOfByte = new Map(bytes.map((byte) => [byte, byte]));
  for (const text of unbrokenTexts(10_000)) {
    const [counts, symbols] = [new PairCounts(new Map([[text, 1]]), symbolOfByte, 256), new SymbolTable(0, bytes)];
    let [looked, merges] = [0, 0];
    for (let pair = counts.mostFrequent(2); pair && merges < 1000; pair = counts.mostFrequent(2)) {
      looked += counts.merge(pair, symbols.join(pair.left, pair.right));
      merges++;
    }
    // Each letter begins a pair, and each of the joins, fewer than letters, makes two more.
    assert(merges > 0 && looked <= 3 * text.length, `${merges} merges looked at ${looked} places`);
  }
});

Deno.test("long training says how far it is", () => {
  const said: string[] = [];
  trainBpe(["low lower lowest low"], { vocabSize: 20, say: (message) => said.push(message), sayEveryMs: 0 });
  assertEquals(said[0], "trains the tokenizer: 15 of 20 pieces");
});

Deno.test("trainBpe does not depend on the order of the texts", () => {
  fc.assert(fc.property(fc.array(smallText, { minLength: 2, maxLength: 12 }), (texts) => {
    assertEquals(trainBpe(texts.toReversed(), { vocabSize: 40 }), trainBpe(texts, { vocabSize: 40 }));
  }));
});

Deno.test("encoding the training texts uses every joined piece, and no more ids than asked for", () => {
  const texts = tokenizerTexts(
    buildInstructionTasks({ wordsPerCategory: 6, trainRecords: 300, itemsPerSet: 1, seed: 3 }).train,
  );
  for (const vocabSize of [64, 150, 200, 1000]) {
    const model = trainBpe(texts, { vocabSize });
    const tokenizer = new BpeTokenizer(model);
    const used = new Set(texts.flatMap((text) => tokenizer.encode(text)));
    assert(tokenizer.vocabSize <= vocabSize);
    for (let id = INSTRUCTION_TOKENS.length + model.alphabet.length; id < tokenizer.vocabSize; id++) {
      assert(used.has(id), `vocabulary of ${vocabSize}: "${tokenizer.decode([id])}" is never used`);
    }
  }
});

Deno.test("320 ids are enough to make one piece of every word of the tiny instruction data", () => {
  const { train } = buildInstructionTasks({ wordsPerCategory: 6, trainRecords: 6000, itemsPerSet: 1, seed: 1 });
  const texts = tokenizerTexts(train);
  const tokenizer = new BpeTokenizer(trainBpe(texts, { vocabSize: 320 }));
  const words = [...new Set(texts.flatMap(pretokenize))];
  assertEquals(words.filter((word) => tokenizer.encode(word).length > 1), []);
  assert(tokenizer.vocabSize < 300, `${tokenizer.vocabSize} ids`);
});

Deno.test("decode gives back any text when the alphabet is all bytes", () => {
  const tokenizer = new BpeTokenizer(
    trainBpe(["the naïve café 🎉 naïve café 🎉 東京 東京", "\ufeff \ufeff"], { vocabSize: 300, alphabet: "bytes" }),
  );
  fc.assert(fc.property(text, (text) => assertEquals(tokenizer.decode(tokenizer.encode(text)), text)));
  assertEquals(tokenizer.decode(tokenizer.encode("\ufeffnaïve 東京")), "\ufeffnaïve 東京");
});

Deno.test("decode gives back any text of the alphabet, for any training texts", () => {
  fc.assert(fc.property(fc.array(smallText, { minLength: 1 }), smallText, (texts, text) => {
    const tokenizer = new BpeTokenizer(trainBpe(["abc abc ", ...texts], { vocabSize: 30 }));
    assertEquals(tokenizer.decode(tokenizer.encode(text)), text);
  }));
});

Deno.test("a byte outside the alphabet becomes <unk>, one for each byte", () => {
  const tokenizer = new BpeTokenizer(trainBpe(["ab ab"], { vocabSize: 20 }));
  const unknown = tokenizer.specialId("<unk>");
  assertEquals(tokenizer.encode("é"), [unknown, unknown]);
  assertEquals(tokenizer.encode("abz"), [...tokenizer.encode("ab"), unknown]);
  assertEquals(tokenizer.decode(tokenizer.encode("abz")), "ab");
});

Deno.test("the special tokens have the first ids and no text, and no text encodes to them", () => {
  const tokenizer = new BpeTokenizer(trainBpe(["<eos> <pad> <eos>"], { vocabSize: 64 }));
  assertEquals(INSTRUCTION_TOKENS.map((token) => tokenizer.specialId(token)), [0, 1, 2, 3, 4, 5]);
  assertEquals(tokenizer.decode([0, 1, 2, 3, 4, 5]), "");
  assertEquals(tokenizer.encode("<eos>").filter((id) => tokenizer.isSpecial(id)), []);
  assertThrows(() => tokenizer.specialId("<bos>"), RangeError, "Cannot find <bos>");
  assertThrows(() => tokenizer.decode([9999]), RangeError, "id 9999 is not in the vocabulary");
});

Deno.test("a tokenizer survives JSON", () => {
  const tokenizer = new BpeTokenizer(trainBpe(["the cat sat on the mat", "the cat"], { vocabSize: 32 }));
  const again = BpeTokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
  assertEquals(again.vocabSize, tokenizer.vocabSize);
  assertEquals(again.encode("the mat sat on a cat"), tokenizer.encode("the mat sat on a cat"));
});

Deno.test("a wrong model is refused with what it should be", () => {
  const model = { specialTokens: ["<unk>"], alphabet: [97, 98], merges: [[1, 2]], scaffolds: [] };
  BpeTokenizer.fromJSON(model);
  const refused: [object | null, string][] = [
    [null, '"specialTokens" must be an array of strings'],
    [{ ...model, alphabet: [256] }, '"alphabet" must be an array of bytes'],
    [{ ...model, alphabet: [97, 97] }, "occurs twice"],
    [{ ...model, merges: [[1]] }, '"merges" must be an array of pairs'],
    [{ ...model, merges: [[1, 3]] }, "merge 0 joins symbol 3"],
    [{ ...model, merges: [[0, 1]] }, "merge 0 joins symbol 0"],
    [{ ...model, merges: [[1, 2], [1, 2]] }, "merge 1 repeats"],
    [{ ...model, scaffolds: [1] }, "scaffold 1 is not made by a merge"],
  ];
  for (const [value, message] of refused) {
    assertThrows(() => BpeTokenizer.fromJSON(value), InputError, message);
  }
});

Deno.test("a vocabulary without room for the alphabet is refused", () => {
  assertThrows(() => trainBpe(["abc"], { vocabSize: 8 }), RangeError, "vocabSize is 8 but must be an integer from 9");
});

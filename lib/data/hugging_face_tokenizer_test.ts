import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { BpeTokenizer } from "./bpe_tokenizer.ts";
import { trainBpe } from "./bpe_trainer.ts";
import { formatHuggingFaceTokenizer } from "./hugging_face_tokenizer.ts";

const TEXTS = [" the cat sat on the mat", " the hat of the bat", " that cat’s hat", " there the catnip sat"];

interface Bpe {
  readonly vocab: Record<string, number>;
  readonly merges: readonly (readonly [string, string])[];
}

/** Bytes as GPT-2 spells them: the table that its encoder.py makes, by its own rule. */
function spelling(text: string): string[] {
  const printable = [[33, 126], [161, 172], [174, 255]].flatMap(([a, b]) =>
    Array.from({ length: b - a + 1 }, (_, i) => a + i)
  );
  const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !printable.includes(byte));
  return Array.from(
    new TextEncoder().encode(text),
    (byte) => String.fromCodePoint(printable.includes(byte) ? byte : 256 + others.indexOf(byte)),
  );
}

/** The ids of a text as tokenizers computes them: merges by rank, leftmost first, within the words of GPT-2's pattern. */
function encode({ vocab, merges }: Bpe, pattern: string, text: string): number[] {
  return [...text.matchAll(new RegExp(pattern, "gu"))].flatMap(([word]) => {
    const pieces = spelling(word);
    while (true) {
      const ranks = pieces.slice(1).map((right, i) => merges.findIndex(([a, b]) => a === pieces[i] && b === right)).map(
        (rank) => rank < 0 ? Infinity : rank,
      );
      const best = Math.min(...ranks);
      if (!(best < Infinity)) return pieces.map((piece) => vocab[piece] ?? vocab["<unk>"]);
      const at = ranks.indexOf(best);
      pieces.splice(at, 2, pieces[at] + pieces[at + 1]);
    }
  });
}

Deno.test("a tokenizer.json gives the ids of the tokenizer; scaffolds come after the model's vocabulary", () => {
  const tokenizer = new BpeTokenizer(trainBpe(TEXTS, { vocabSize: 34 }));
  const { json, scaffoldCount, firstScaffold } = formatHuggingFaceTokenizer(tokenizer, 36);
  const { vocab, merges } = json.model as Bpe;
  const { pre_tokenizer } = json as { pre_tokenizer: { pretokenizers: { pattern?: { Regex: string } }[] } };
  const pattern = pre_tokenizer.pretokenizers[0].pattern!.Regex;
  assert(scaffoldCount > 0);
  assertEquals([scaffoldCount, firstScaffold], [tokenizer.toJSON().scaffolds.length, 36]);
  const ids = Object.values(vocab).sort((a, b) => a - b);
  assertEquals(ids, [
    ...Array.from({ length: tokenizer.vocabSize }, (_, id) => id),
    ...Array.from({ length: scaffoldCount }, (_, i) => 36 + i),
  ]);
  for (const text of [...TEXTS, " the bat", " Zebra the"]) {
    assertEquals(encode({ vocab, merges }, pattern, text), tokenizer.encode(text), text);
  }
  // What leaves a scaffold has it where the tokenizer takes it apart, by the first merge that makes it.
  const pieceOf = new Map(Object.entries(vocab).map(([piece, id]) => [id, piece]));
  const takeApart = (id: number): number[] =>
    id < 36 ? [id] : merges.find(([a, b]) => a + b === pieceOf.get(id))!.flatMap((half) => takeApart(vocab[half]));
  const leftover = [" th", " ca tha", "at", " cats hatt"].map((
    text,
  ) => [text, encode({ vocab, merges }, pattern, text)]);
  assert(leftover.some(([, ids]) => (ids as number[]).some((id) => id >= 36)));
  for (const [text, ids] of leftover as [string, number[]][]) {
    assertEquals(ids.flatMap(takeApart), tokenizer.encode(text), text);
  }
});

Deno.test("special tokens have their ids and are found in the text", () => {
  const tokenizer = new BpeTokenizer(trainBpe(TEXTS, { vocabSize: 34 }));
  const { json } = formatHuggingFaceTokenizer(tokenizer, 36);
  const added = json.added_tokens as { id: number; content: string; special: boolean }[];
  assertEquals(
    added.map(({ id, content }) => [content, id]),
    tokenizer.toJSON().specialTokens.map((token) => [token, tokenizer.specialId(token)]),
  );
});

Deno.test("a piece that spells a special token is refused", () => {
  const model = trainBpe(["<>", "<>"], { vocabSize: 20, specialTokens: ["<>"] });
  const error = () => formatHuggingFaceTokenizer(new BpeTokenizer(model), 20);
  assertThrows(error, InputError, 'a piece "<>" beside a token of that name');
});

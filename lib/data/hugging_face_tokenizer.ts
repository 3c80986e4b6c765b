import { InputError } from "#lib/errors.ts";
import { type BpeTokenizer, PRETOKEN } from "./bpe_tokenizer.ts";
import { SymbolTable } from "./symbol_table.ts";

/** A tokenizer in the form of Hugging Face's tokenizers library. */
export interface HuggingFaceTokenizer {
  /** The content of `tokenizer.json`. */
  readonly json: Record<string, unknown>;
  /**
   * Scaffolds: pieces that only lead to longer ones. The library needs an entry for each; theirs are the ids from the model's
   * vocabulary size, `firstScaffold`, on. No training text has one, and `BpeTokenizer` takes one that another text leaves over apart.
   */
  readonly scaffoldCount: number;
  readonly firstScaffold: number;
}

/**
 * The tokenizer as a `tokenizer.json`: byte-level BPE after GPT-2, special tokens spelt out in the text (`<ins> … <res>`), no space
 * added in front. Ids are those of `BpeTokenizer.encode` for every text that leaves no scaffold.
 *
 * @param modelVocabSize the model's vocabulary, at least the tokenizer's: where the ids of scaffolds begin
 * @throws {InputError} if a piece spells a special token
 */
export function formatHuggingFaceTokenizer(tokenizer: BpeTokenizer, modelVocabSize: number): HuggingFaceTokenizer {
  const { specialTokens, alphabet, merges, scaffolds } = tokenizer.toJSON();
  const symbols = new SymbolTable(specialTokens.length, alphabet);
  const spell = (symbol: number) => Array.from(symbols.bytesOf(symbol), (byte) => LETTERS[byte]).join("");
  const pairs = merges.map(([left, right]) => {
    symbols.join(left, right);
    return [spell(left), spell(right)];
  });
  const isScaffold = new Set(scaffolds);
  const vocab: Record<string, number> = Object.fromEntries(specialTokens.map((token, id) => [token, id]));
  let [nextId, nextScaffold] = [specialTokens.length, modelVocabSize];
  for (let symbol = specialTokens.length; symbol < symbols.size; symbol++) {
    const piece = spell(symbol);
    if (Object.hasOwn(vocab, piece)) {
      throw new InputError(`the tokenizer has a piece "${piece}" beside a token of that name`);
    }
    vocab[piece] = isScaffold.has(symbol) ? nextScaffold++ : nextId++;
  }
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: PRETOKEN.source }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: specialTokens.includes("<unk>") ? "<unk>" : null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: pairs,
    },
  };
  return { json, scaffoldCount: scaffolds.length, firstScaffold: modelVocabSize };
}

/** GPT-2's letters for bytes: printable ones stand for themselves, the others for U+0100 and the following in their order. */
export const LETTERS: readonly string[] = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

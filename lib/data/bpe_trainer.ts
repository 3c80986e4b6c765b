import { type BpeModel, INSTRUCTION_TOKENS, pretokenize } from "./bpe_tokenizer.ts";
import { PairCounts } from "./pair_counts.ts";
import { SymbolTable } from "./symbol_table.ts";

export interface BpeOptions {
  /** Ids in all: special tokens, alphabet and joined pieces. There are fewer where the texts have no more pairs. */
  readonly vocabSize: number;
  /** Default `INSTRUCTION_TOKENS`. */
  readonly specialTokens?: readonly string[];
  /** `seen` (the default) gives an id to the bytes that occur, which saves a tiny vocabulary; `bytes` to all 256. */
  readonly alphabet?: "seen" | "bytes";
  /** A pair that occurs fewer times is not joined; default 2. */
  readonly minPairCount?: number;
  /** Told how far training is, between two merges that are `sayEveryMs` apart (default 3,000): nothing where it takes less. */
  readonly say?: (message: string) => void;
  readonly sayEveryMs?: number;
}

/**
 * Learns a byte-level BPE: joins the most frequent pair of neighbouring symbols within words, again and again (Sennrich
 * et al. 2016, algorithm 1). Pairs of equal count are joined in the order of their symbols, so that equal texts, in any
 * order, give equal models. Two pairs that spell the same bytes share one symbol.
 *
 * A joined symbol that no text ends up with, because longer ones took in all its occurrences, is a scaffold: it gets no
 * id (as in Scaffold-BPE, Lian et al. 2024, arXiv 2404.17808, and in the vocabulary filter of subword-nmt). So every
 * joined piece occurs in the texts, and a small vocabulary is spent on whole words rather than on the way to them.
 *
 * Counts are kept of different words, and corrected only where a pair is joined (see `PairCounts`).
 *
 * @throws {RangeError} if `vocabSize` has no room for the special tokens and the alphabet, or is over 2^20
 */
export function trainBpe(texts: Iterable<string>, options: BpeOptions): BpeModel {
  const { vocabSize, specialTokens = INSTRUCTION_TOKENS, minPairCount = 2, say, sayEveryMs = 3000 } = options;
  const wordCounts = countWords(texts);
  const alphabet = options.alphabet === "bytes"
    ? Array.from({ length: 256 }, (_, byte) => byte)
    : seenBytes(wordCounts.keys());
  const baseCount = specialTokens.length + alphabet.length;
  if (!Number.isInteger(vocabSize) || vocabSize < baseCount || vocabSize > 2 ** 20) {
    throw new RangeError(
      `Cannot train a tokenizer: vocabSize is ${vocabSize} but must be an integer from ${baseCount} ` +
        `(${specialTokens.length} special tokens and ${alphabet.length} bytes) to ${2 ** 20}`,
    );
  }
  const symbols = new SymbolTable(specialTokens.length, alphabet);
  const symbolOfByte = new Map(alphabet.map((byte, index) => [byte, specialTokens.length + index]));
  const counts = new PairCounts(wordCounts, symbolOfByte, baseCount);
  const merges = new Map<number, readonly [number, number]>();
  let saidMs = performance.now();
  while (baseCount + counts.usedJoined < vocabSize) {
    const pair = counts.mostFrequent(minPairCount);
    if (pair === undefined) break;
    // A pair can come back when a later merge spells one of its halves anew; it keeps its first rank.
    if (!merges.has(pair.key)) merges.set(pair.key, [pair.left, pair.right]);
    counts.merge(pair, symbols.join(pair.left, pair.right));
    if (say && performance.now() - saidMs >= sayEveryMs) {
      saidMs = performance.now();
      say(`trains the tokenizer: ${baseCount + counts.usedJoined} of ${vocabSize} pieces`);
    }
  }
  const scaffolds: number[] = [];
  for (let symbol = baseCount; symbol < symbols.size; symbol++) if (!counts.isUsed(symbol)) scaffolds.push(symbol);
  return { specialTokens: [...specialTokens], alphabet, merges: [...merges.values()], scaffolds };
}

function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of pretokenize(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function seenBytes(words: Iterable<string>): number[] {
  const seen = new Set<number>();
  const encoder = new TextEncoder();
  for (const word of words) for (const byte of encoder.encode(word)) seen.add(byte);
  return [...seen].sort((a, b) => a - b);
}

import { NumberHeap } from "#lib/data/number_heap.ts";
import { pairKey } from "#lib/data/merge_all.ts";

/** A pair of pieces that are joined where they stand side by side; the lowest rank first. */
export interface PieceMerge {
  readonly left: string;
  readonly right: string;
  readonly rank: number;
}

/** Split words kept for reuse; past this many, the memory of rare words is not worth their reuse. */
const MAX_CACHED_WORDS = 100_000;
/** Longer ones seldom come again. */
const MAX_CACHED_LENGTH = 64;
/** Of no pair: what stands for a character that no merge joins. */
const NO_SYMBOL = 0xff_ffff;

/** SentencePiece's sign for a space. */
export const SPACE_SIGN = "\u2581";
/** Runs of spaces with what follows them. */
const SPACED_WORD = new RegExp(`${SPACE_SIGN}*[^${SPACE_SIGN}]+|${SPACE_SIGN}+`, "gu");

/**
 * Byte-pair merging of the characters of a word by rank: always the pair of the lowest rank, of those the leftmost, as tokenizers and
 * SentencePiece do, in O(n log n) time for n characters.
 *
 * Where no piece has a space after another character, no merge crosses from a word to the next space, so that words are split one by
 * one and remembered.
 */
export class PieceMerger {
  readonly #symbolOf = new Map<string, number>();
  /** Rank and joined symbol by `pairKey`, in two lists. */
  readonly #mergeOf = new Map<number, number>();
  readonly #ranks: number[] = [];
  readonly #joined: number[] = [];
  readonly #crossesSpaces: boolean;
  readonly #cache = new Map<string, readonly string[]>();

  /** @param merges of a pair that comes twice, the first counts */
  constructor(merges: Iterable<PieceMerge>) {
    let crosses = false;
    for (const { left, right, rank } of merges) {
      const key = pairKey(this.#symbol(left), this.#symbol(right));
      if (this.#mergeOf.has(key)) continue;
      this.#mergeOf.set(key, this.#ranks.length);
      this.#ranks.push(rank);
      this.#joined.push(this.#symbol(left + right));
      crosses ||= right.includes(SPACE_SIGN) && !/^\u2581*$/u.test(left + right.slice(0, right.indexOf(SPACE_SIGN)));
    }
    this.#crossesSpaces = crosses;
  }

  /** The pieces of a text: joined again they are the text. */
  split(text: string): readonly string[] {
    const words = this.#crossesSpaces || !text.includes(SPACE_SIGN) ? [text] : text.match(SPACED_WORD) ?? [];
    return words.length === 1 ? this.#splitWord(words[0]) : words.flatMap((word) => this.#splitWord(word));
  }

  #symbol(piece: string): number {
    const known = this.#symbolOf.get(piece);
    if (known !== undefined) return known;
    const symbol = this.#symbolOf.size;
    this.#symbolOf.set(piece, symbol);
    return symbol;
  }

  #splitWord(word: string): readonly string[] {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const pieces = this.#merge([...word]);
    if (word.length <= MAX_CACHED_LENGTH && this.#cache.size < MAX_CACHED_WORDS) this.#cache.set(word, pieces);
    return pieces;
  }

  #merge(pieces: string[]): string[] {
    const { length } = pieces;
    const symbols = pieces.map((piece) => this.#symbolOf.get(piece) ?? NO_SYMBOL);
    // Places of the pieces beside each one; the length stands for none after, -1 for none before.
    const after = Int32Array.from(pieces, (_, place) => place + 1);
    const before = Int32Array.from(pieces, (_, place) => place - 1);
    const heap = new NumberHeap<number>();
    const find = (place: number) => {
      if (place < 0 || after[place] >= length) return;
      const merge = this.#mergeOf.get(pairKey(symbols[place], symbols[after[place]]));
      if (merge !== undefined) heap.push(this.#ranks[merge], place, merge);
    };
    for (let place = 0; place + 1 < length; place++) find(place);
    for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
      const { tie: place, value: merge } = best;
      const second = after[place];
      // What a merge has changed since is found again with its new symbols.
      if (symbols[place] < 0 || second >= length) continue;
      if (this.#mergeOf.get(pairKey(symbols[place], symbols[second])) !== merge) continue;
      symbols[place] = this.#joined[merge];
      pieces[place] += pieces[second];
      symbols[second] = -1;
      after[place] = after[second];
      if (after[place] < length) before[after[place]] = place;
      find(before[place]);
      find(place);
    }
    return pieces.filter((_, place) => symbols[place] >= 0);
  }
}

import { PieceTrie } from "./piece_trie.ts";
import type { SentencePieceModel } from "./sentencepiece_model.ts";
import { utf8Of } from "./utf8.ts";

/** How much worse than the worst piece a character without one is. */
const UNKNOWN_PENALTY = 10;

/** Part of a text and its piece. */
export interface PlacedPiece {
  readonly text: string;
  readonly id: number;
}

/** How scores are summed from the start of a text: in 32 bits by SentencePiece, in 64 by tokenizers. It decides between ways as good. */
export type SumPrecision = 32 | 64;

/** The most probable pieces of a text under a unigram model (Kudo 2018, equation 1 and section 3.1), by Viterbi's algorithm. */
export class Unigram {
  readonly #trie: PieceTrie;
  readonly #scores: Float64Array;
  readonly #unkId: number;
  readonly #unkScore: number;
  readonly #precision: SumPrecision;

  constructor({ pieces, unkId }: Pick<SentencePieceModel, "pieces" | "unkId">, precision: SumPrecision) {
    const inText = ["normal", "userDefined"];
    const entries = pieces.flatMap(({ text, type }, id) => inText.includes(type) ? [[text, id] as const] : []);
    const normal = pieces.flatMap(({ score, type }) => type === "normal" ? [score] : []);
    const best = normal.reduce((a, b) => Math.max(a, b), 2 ** -126);
    this.#trie = new PieceTrie(new Map(entries));
    this.#precision = precision;
    this.#unkId = unkId;
    this.#unkScore = this.#rounded(normal.reduce((a, b) => Math.min(a, b), Infinity) - UNKNOWN_PENALTY);
    // What the user has defined is better than anything else that spells it.
    this.#scores = Float64Array.from(
      pieces,
      ({ text, score, type }) => type === "userDefined" ? this.#rounded(utf8Of(text).length * best) - 0.1 : score,
    );
  }

  encode(text: string): PlacedPiece[] {
    const { length } = text;
    const ids = new Int32Array(length + 1);
    const starts = new Int32Array(length + 1).fill(-1);
    const scores = this.#precision === 32 ? new Float32Array(length + 1) : new Float64Array(length + 1);
    for (let at = 0; at < length;) {
      const next = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
      const scoreHere = scores[at];
      let hasCharacter = false;
      const offer = (id: number, end: number, score: number) => {
        if (starts[end] >= 0 && score <= scores[end]) return;
        starts[end] = at;
        ids[end] = id;
        scores[end] = score;
      };
      this.#trie.forEachAt(text, at, (id, end) => {
        offer(id, end, this.#scores[id] + scoreHere);
        if (end === next) hasCharacter = true;
      });
      if (!hasCharacter) offer(this.#unkId, next, this.#rounded(this.#unkScore + scoreHere));
      at = next;
    }
    const placed: PlacedPiece[] = [];
    for (let end = length; end > 0; end = starts[end]) {
      placed.push({ text: text.slice(starts[end], end), id: ids[end] });
    }
    return placed.reverse();
  }
  #rounded(value: number): number {
    return this.#precision === 32 ? Math.fround(value) : value;
  }
}

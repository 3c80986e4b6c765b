import type { PieceMerge } from "./piece_merger.ts";
import type { Piece, SentencePieceModel } from "./sentencepiece_model.ts";

/**
 * The pairs that SentencePiece's BPE joins: any two pieces or characters side by side that together are a piece, the one of the highest
 * score first; pieces of one score have one rank.
 */
export function* pieceRanks(pieces: readonly Piece[]): Generator<PieceMerge> {
  const normal = pieces.filter(({ type }) => type === "normal");
  const ranks = new Map(
    [...new Set(normal.map(({ score }) => score))].sort((a, b) => b - a).map((s, rank) => [s, rank]),
  );
  const known = new Set(normal.map(({ text }) => text));
  const isSymbol = (text: string) => known.has(text) || text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1);
  for (const { text, score } of normal) {
    const rank = ranks.get(score)!;
    for (let at = 1; at < text.length; at++) {
      if (/[\udc00-\udfff]/.test(text[at])) continue;
      const [left, right] = [text.slice(0, at), text.slice(at)];
      if (isSymbol(left) && isSymbol(right)) yield { left, right, rank };
    }
  }
}

/** Finds, from where it is told to start, the longest piece there that the user has defined; undefined where the model has none. */
export function userDefinedPattern({ pieces }: Pick<SentencePieceModel, "pieces">): RegExp | undefined {
  const texts = pieces.flatMap(({ text, type }) => type === "userDefined" ? [text] : []);
  if (texts.length === 0) return undefined;
  const longestFirst = texts.toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((text) => RegExp.escape(text)).join("|"), "yu");
}

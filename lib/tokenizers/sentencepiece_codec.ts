import { pieceRanks, userDefinedPattern } from "./sentencepiece_merges.ts";
import { PieceMerger, SPACE_SIGN } from "./piece_merger.ts";
import type { SentencePieceModel } from "./sentencepiece_model.ts";
import { type DecodeOptions, type EncodeOptions, failToDecode, type SpecialIds, type TextCodec } from "./text_codec.ts";
import { type PlacedPiece, Unigram } from "./unigram.ts";
import { decodeEachByte, utf8Of } from "./utf8.ts";

/** What a checkpoint's tokenizer adds to its SentencePiece model. */
export interface SentencePieceRules {
  /** Around a text that special tokens are added to. */
  readonly front: readonly number[];
  readonly back: readonly number[];
  readonly specialIds: SpecialIds;
  /** Special tokens by id: the model's own, and those with ids behind its pieces. */
  readonly specialTokens: ReadonlyMap<number, string>;
}

/** SentencePiece, by its own rule: text that spells a special token is text, unless a template made it. */
export class SentencePieceCodec implements TextCodec {
  readonly vocabSize: number;
  readonly specialIds: SpecialIds;
  readonly digest: string;
  readonly #model: SentencePieceModel;
  readonly #rules: SentencePieceRules;
  readonly #idOf: ReadonlyMap<string, number>;
  readonly #specialIdOf: ReadonlyMap<string, number>;
  readonly #special?: RegExp;
  readonly #userDefined?: RegExp;
  readonly #quiet?: RegExp;
  readonly #byteIds: readonly number[];
  readonly #split: (normalized: string) => PlacedPiece[];

  constructor(model: SentencePieceModel, rules: SentencePieceRules, digest: string) {
    this.#model = model;
    this.#rules = rules;
    this.digest = digest;
    this.specialIds = rules.specialIds;
    this.vocabSize = Math.max(model.pieces.length - 1, ...rules.specialTokens.keys()) + 1;
    this.#idOf = new Map(model.pieces.map(({ text }, id) => [text, id]));
    this.#specialIdOf = new Map([...rules.specialTokens].map(([id, token]) => [token, id]));
    this.#special = alternatives([...this.#specialIdOf.keys()]);
    this.#userDefined = userDefinedPattern(model);
    this.#quiet = model.charsmap?.quietLetters();
    this.#byteIds = Array.from(
      { length: model.byteFallback ? 256 : 0 },
      (_, byte) => this.#idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)!,
    );
    this.#split = model.kind === "unigram" ? this.#unigramSplit() : this.#bpeSplit();
  }

  encode(text: string, { addSpecialTokens = false, findSpecialTokens = false }: EncodeOptions = {}): number[] {
    const { front, back } = this.#rules;
    const ids: number[] = addSpecialTokens ? [...front] : [];
    for (const part of findSpecialTokens && this.#special ? text.split(this.#special) : [text]) {
      const special = findSpecialTokens ? this.#specialIdOf.get(part) : undefined;
      if (special === undefined) this.#encodePlain(part.toWellFormed(), ids);
      else ids.push(special);
    }
    return addSpecialTokens ? [...ids, ...back] : ids;
  }

  decode(ids: readonly number[], { keepSpecialTokens = false }: DecodeOptions = {}): string {
    const { pieces, addDummyPrefix, removeExtraWhitespaces, unkSurface } = this.#model;
    let [text, bytes, sawFirstSpace] = ["", [] as number[], false];
    const spellBytes = () => {
      text += decodeEachByte(bytes);
      bytes = [];
    };
    for (const id of ids) {
      const piece = pieces[id];
      const special = this.#rules.specialTokens.get(id);
      if (piece === undefined && special === undefined) failToDecode(id, this);
      if (piece?.type === "byte") {
        bytes.push(Number(piece.text.slice(1, -1)));
        continue;
      }
      spellBytes();
      if (piece?.type === "unknown") text += unkSurface;
      else if (special !== undefined) text += keepSpecialTokens ? special : "";
      else {
        // The space in front of a text is not the text's; where runs of spaces are removed, none is in front at all.
        const atStart = text === "" && !sawFirstSpace && (addDummyPrefix || removeExtraWhitespaces);
        const spelt = atStart && piece.text.startsWith(SPACE_SIGN) ? piece.text.slice(1) : piece.text;
        sawFirstSpace ||= spelt !== piece.text && !removeExtraWhitespaces;
        text += spelt.replaceAll(SPACE_SIGN, " ");
      }
    }
    spellBytes();
    return text;
  }

  isSpecial(id: number): boolean {
    return this.#rules.specialTokens.has(id);
  }

  #encodePlain(text: string, ids: number[]): void {
    const { unkId } = this.#model;
    let afterUnknown = false;
    for (const { text: part, id } of this.#split(this.normalize(text))) {
      const isUnknown = id === unkId;
      if (isUnknown && this.#byteIds.length > 0) { for (const byte of utf8Of(part)) ids.push(this.#byteIds[byte]); }
      // Unknown characters side by side are one unknown piece.
      else if (!(isUnknown && afterUnknown)) ids.push(id);
      afterUnknown = isUnknown;
    }
  }

  /** A text as its pieces spell it: normalised, with signs for spaces, and one in front where the model has it so. */
  normalize(text: string): string {
    const { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces } = this.#model;
    const replaced = this.#replace(text, removeExtraWhitespaces);
    if (replaced === undefined) return "";
    const spaced = addDummyPrefix ? ` ${replaced}` : replaced;
    const normalized = escapeWhitespaces ? spaced.replaceAll(" ", SPACE_SIGN) : spaced;
    // The space in front goes, too, where nothing follows it.
    return removeExtraWhitespaces ? normalized.replace(escapeWhitespaces ? /\u2581+$/u : / +$/, "") : normalized;
  }

  /** The text by the rules of the charsmap; undefined where nothing but spaces, to be removed, is in it. */
  #replace(text: string, removesSpaces: boolean): string | undefined {
    if (text === "") return undefined;
    const { charsmap } = this.#model;
    if (charsmap === undefined && !removesSpaces) return text;
    const bytes = utf8Of(text);
    let [result, isFirst, afterSpace] = ["", true, removesSpaces];
    for (let [at, byteAt] = [0, 0]; at < text.length;) {
      const quiet = this.#quietAt(text, at);
      if (quiet !== "") {
        result += quiet;
        at += quiet.length;
        byteAt += quiet.length;
        [isFirst, afterSpace] = [false, false];
        continue;
      }
      const frozen = this.#userDefinedAt(text, at);
      const match = frozen === undefined ? charsmap?.longestMatch(bytes, byteAt) : undefined;
      const given = frozen ?? (match ? textAt(bytes, byteAt, match.byteLength) : characterAt(text, at));
      at += given.length;
      byteAt += match?.byteLength ?? utf8Of(given).length;
      let part = match?.text ?? given;
      // Spaces in front of the text go as whole replacements, those behind a space one by one.
      if (isFirst && removesSpaces && part === " ") continue;
      isFirst = false;
      if (afterSpace) part = part.replace(/^ +/, "");
      result += part;
      if (part !== "") afterSpace = removesSpaces && part.endsWith(" ");
    }
    return isFirst ? undefined : result;
  }

  /** Letters that stay as they are, of one byte each. */
  #quietAt(text: string, at: number): string {
    if (this.#quiet === undefined || this.#userDefined !== undefined) return "";
    this.#quiet.lastIndex = at;
    return this.#quiet.exec(text)?.[0] ?? "";
  }

  #userDefinedAt(text: string, at: number): string | undefined {
    if (this.#userDefined === undefined) return undefined;
    this.#userDefined.lastIndex = at;
    return this.#userDefined.exec(text)?.[0];
  }

  #unigramSplit() {
    const unigram = new Unigram(this.#model, 32);
    return (normalized: string) => unigram.encode(normalized);
  }

  #bpeSplit() {
    const merger = new PieceMerger(pieceRanks(this.#model.pieces));
    const place = (text: string): PlacedPiece => ({ text, id: this.#idOf.get(text) ?? this.#model.unkId });
    const defined = this.#userDefined && new RegExp(`(${this.#userDefined.source})`, "u");
    return (normalized: string) =>
      (defined ? normalized.split(defined) : [normalized]).flatMap((part, i) =>
        // Every second part is what the user has defined, and is joined to nothing.
        part === "" ? [] : i % 2 === 1 ? [place(part)] : merger.split(part).map(place)
      );
  }
}

function alternatives(tokens: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map((token) => RegExp.escape(token)).join("|")})`, "u");
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at)!);
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at, at + length));
}

import { InputError } from "#lib/errors.ts";
import { type Merge, mergeAll, pairKey } from "./merge_all.ts";
import { SymbolTable } from "./symbol_table.ts";

/**
 * What a byte-level BPE tokenizer consists of. Its symbols are numbered: special tokens, alphabet, then what the merges
 * make. The vocabulary is the symbols without the scaffolds, numbered anew in the same order.
 */
export interface BpeModel {
  readonly specialTokens: readonly string[];
  /** The bytes that have a symbol of their own. */
  readonly alphabet: readonly number[];
  /**
   * Pairs of symbols to be joined, the first learned first. The joined symbol has the next free number, unless a symbol
   * of the same bytes exists already, whose number it then has.
   */
  readonly merges: readonly (readonly [left: number, right: number])[];
  /** Joined symbols that are steps on the way to longer ones only: they have no id, and are taken apart where left over. */
  readonly scaffolds: readonly number[];
}

/** The special tokens of instruction models, in the order of their ids. */
export const INSTRUCTION_TOKENS = ["<pad>", "<unk>", "<ins>", "<inp>", "<res>", "<eos>"] as const;

/**
 * GPT-2's pre-tokenization (Radford et al. 2019; the regular expression published with the model): contractions, words,
 * numbers, punctuation, each with one space in front, and other white space. Merges never cross these borders.
 */
export const PRETOKEN = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Encoded words kept for reuse; past this many, the memory of rare words is not worth their reuse. */
const MAX_CACHED_WORDS = 100_000;

/** Splits a text into the parts within which symbols are merged. Joined again, the parts are the text. */
export function pretokenize(text: string): string[] {
  return text.match(PRETOKEN) ?? [];
}

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): text is UTF-8 bytes, and learned pairs are
 * joined, the earliest learned first. `decode(encode(text))` is `text` for well-formed text whose bytes are all in the
 * alphabet. Text never encodes to a special token, even where it spells one.
 */
export class BpeTokenizer {
  /** Special tokens and pieces; ids are 0 to `vocabSize` − 1. */
  readonly vocabSize: number;
  readonly #model: BpeModel;
  readonly #specialIds: ReadonlyMap<string, number>;
  readonly #symbolOfByte: ReadonlyMap<number, number>;
  readonly #symbols: SymbolTable;
  readonly #merges: ReadonlyMap<number, Merge>;
  readonly #symbolOfId: readonly number[];
  readonly #idOfSymbol: ReadonlyMap<number, number>;
  readonly #idsOfWord = new Map<string, readonly number[]>();

  /** @throws {RangeError} if an entry occurs twice, a merge joins what is not made before it, or a scaffold is no join */
  constructor(model: BpeModel) {
    const { specialTokens, alphabet, scaffolds } = model;
    this.#model = model;
    this.#specialIds = new Map(specialTokens.map((token, id) => [token, id]));
    this.#symbolOfByte = new Map(alphabet.map((byte, index) => [byte, specialTokens.length + index]));
    if (this.#specialIds.size !== specialTokens.length || this.#symbolOfByte.size !== alphabet.length) {
      throw new RangeError("Cannot make a tokenizer: a special token or a byte of the alphabet occurs twice");
    }
    const { symbols, merges } = joinSymbols(model);
    this.#symbols = symbols;
    this.#merges = merges;
    const wrong = scaffolds.find((symbol) => symbols.halvesOf(symbol) === undefined);
    if (wrong !== undefined) throw new RangeError(`Cannot make a tokenizer: scaffold ${wrong} is not made by a merge`);
    const dropped = new Set(scaffolds);
    this.#symbolOfId = Array.from({ length: symbols.size }, (_, symbol) => symbol).filter((it) => !dropped.has(it));
    this.#idOfSymbol = new Map(this.#symbolOfId.map((symbol, id) => [symbol, id]));
    this.vocabSize = this.#symbolOfId.length;
  }

  /**
   * The ids of a text; a byte that is not in the alphabet becomes `<unk>`.
   *
   * @throws {RangeError} if there is such a byte and the tokenizer has no `<unk>`
   */
  encode(text: string): number[] {
    const ids: number[] = [];
    for (const word of pretokenize(text)) {
      // Not push(...wordIds): a word of a hundred thousand letters would exceed the argument limit.
      for (const id of this.#encodeWord(word)) ids.push(id);
    }
    return ids;
  }

  /**
   * The text of ids. Special tokens have none; bytes that are no UTF-8 become U+FFFD.
   *
   * @throws {RangeError} if an id is not in the vocabulary
   */
  decode(ids: Iterable<number>): string {
    const bytes: number[] = [];
    for (const id of ids) {
      const symbol = this.#symbolOfId[id];
      if (symbol === undefined) {
        throw new RangeError(`Cannot decode: id ${id} is not in the vocabulary of ${this.vocabSize} pieces`);
      }
      for (const byte of this.#symbols.bytesOf(symbol)) bytes.push(byte);
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  }

  /**
   * The id of a special token such as `<eos>`.
   *
   * @throws {RangeError} if the tokenizer has no such token
   */
  specialId(token: string): number {
    const id = this.#specialIds.get(token);
    if (id === undefined) {
      throw new RangeError(`Cannot find ${token}: the special tokens are ${this.#model.specialTokens.join(" ")}`);
    }
    return id;
  }

  /** Whether an id is that of a special token. */
  isSpecial(id: number): boolean {
    return id < this.#model.specialTokens.length;
  }

  /** The model, for `JSON.stringify`. */
  toJSON(): BpeModel {
    return this.#model;
  }

  /**
   * A tokenizer from what `toJSON` gave.
   *
   * @throws {InputError} if the value is no BPE model
   */
  static fromJSON(value: unknown): BpeTokenizer {
    try {
      return new BpeTokenizer(checkedModel(value));
    } catch (error) {
      if (error instanceof RangeError) throw new InputError(error.message);
      throw error;
    }
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#idsOfWord.get(word);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(word);
    const symbols = Array.from(bytes, (byte) => this.#symbolOfByte.get(byte) ?? this.specialId("<unk>"));
    const ids = mergeAll(symbols, this.#merges).flatMap((symbol) => this.#takeApart(symbol));
    if (this.#idsOfWord.size < MAX_CACHED_WORDS) this.#idsOfWord.set(word, ids);
    return ids;
  }

  /** The id of a symbol, or those of its halves where it is a scaffold. */
  #takeApart(symbol: number): number[] {
    const id = this.#idOfSymbol.get(symbol);
    if (id !== undefined) return [id];
    return this.#symbols.halvesOf(symbol)!.flatMap((half) => this.#takeApart(half));
  }
}

function joinSymbols({ specialTokens, alphabet, merges }: BpeModel) {
  const symbols = new SymbolTable(specialTokens.length, alphabet);
  const joins = new Map<number, Merge>();
  for (const [rank, [left, right]] of merges.entries()) {
    const unknown = [left, right].find((symbol) => symbol < specialTokens.length || symbol >= symbols.size);
    if (unknown !== undefined) {
      throw new RangeError(
        `Cannot make a tokenizer: merge ${rank} joins symbol ${unknown}, which is not made before it`,
      );
    }
    const key = pairKey(left, right);
    if (joins.has(key)) throw new RangeError(`Cannot make a tokenizer: merge ${rank} repeats an earlier one`);
    joins.set(key, { rank, key, symbol: symbols.join(left, right) });
  }
  return { symbols, merges: joins };
}

function checkedModel(value: unknown): BpeModel {
  const isByte = (entry: unknown) => Number.isInteger(entry) && Number(entry) >= 0 && Number(entry) < 256;
  const isPair = (entry: unknown) => Array.isArray(entry) && entry.length === 2 && entry.every(Number.isInteger);
  const model = (value ?? {}) as Record<string, unknown>;
  const check = (key: keyof BpeModel, isEntry: (entry: unknown) => boolean, expected: string) => {
    const list = model[key];
    if (Array.isArray(list) && list.every(isEntry)) return;
    throw new InputError(`Cannot read a tokenizer: "${key}" must be an array of ${expected}`);
  };
  check("specialTokens", (entry) => typeof entry === "string", "strings");
  check("alphabet", isByte, "bytes, 0 to 255");
  check("merges", isPair, "pairs of symbols");
  check("scaffolds", Number.isInteger, "symbols");
  return value as BpeModel;
}

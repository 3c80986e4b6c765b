/**
 * The tree of what byte-pair merges make: each symbol is a special token, a byte of the alphabet, or two symbols joined.
 * Symbols count from 0 in that order.
 */
export class SymbolTable {
  /** The bytes of each symbol as the characters U+0000 to U+00FF: joining two such texts copies neither. */
  readonly #spellings: string[];
  readonly #halves = new Map<number, readonly [left: number, right: number]>();
  readonly #symbolOfSpelling: Map<string, number>;

  constructor(specialTokenCount: number, alphabet: readonly number[]) {
    const letters = alphabet.map((byte) => String.fromCharCode(byte));
    this.#spellings = [...Array.from({ length: specialTokenCount }, () => ""), ...letters];
    this.#symbolOfSpelling = new Map(letters.map((letter, index) => [letter, specialTokenCount + index]));
  }

  get size(): number {
    return this.#spellings.length;
  }

  /** The bytes of a symbol, none for a special token. */
  bytesOf(symbol: number): Uint8Array {
    return Uint8Array.from(this.#spellings[symbol], (letter) => letter.charCodeAt(0));
  }

  /** The two symbols that a symbol was first joined from; undefined for special tokens and single bytes. */
  halvesOf(symbol: number): readonly [left: number, right: number] | undefined {
    return this.#halves.get(symbol);
  }

  /** The symbol of two symbols joined: an existing one that spells the same bytes, or a new one. */
  join(left: number, right: number): number {
    const spelling = this.#spellings[left] + this.#spellings[right];
    const known = this.#symbolOfSpelling.get(spelling);
    if (known !== undefined) return known;
    const symbol = this.#spellings.push(spelling) - 1;
    this.#symbolOfSpelling.set(spelling, symbol);
    this.#halves.set(symbol, [left, right]);
    return symbol;
  }
}

/**
 * The tree of what byte-pair merges make: each symbol is a special token, a byte of the alphabet, or two symbols joined.
 * Symbols count from 0 in that order.
 */
export class SymbolTable {
  readonly #bytes: (readonly number[])[];
  readonly #halves = new Map<number, readonly [left: number, right: number]>();
  readonly #symbolOfSpelling: Map<string, number>;

  constructor(specialTokenCount: number, alphabet: readonly number[]) {
    this.#bytes = [...Array.from({ length: specialTokenCount }, () => []), ...alphabet.map((byte) => [byte])];
    this.#symbolOfSpelling = new Map(alphabet.map((byte, index) => [String(byte), specialTokenCount + index]));
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** The bytes of a symbol, none for a special token. */
  bytesOf(symbol: number): readonly number[] {
    return this.#bytes[symbol];
  }

  /** The two symbols that a symbol was first joined from; undefined for special tokens and single bytes. */
  halvesOf(symbol: number): readonly [left: number, right: number] | undefined {
    return this.#halves.get(symbol);
  }

  /** The symbol of two symbols joined: an existing one that spells the same bytes, or a new one. */
  join(left: number, right: number): number {
    const bytes = [...this.#bytes[left], ...this.#bytes[right]];
    const spelling = bytes.join(" ");
    const known = this.#symbolOfSpelling.get(spelling);
    if (known !== undefined) return known;
    const symbol = this.#bytes.push(bytes) - 1;
    this.#symbolOfSpelling.set(spelling, symbol);
    this.#halves.set(symbol, [left, right]);
    return symbol;
  }
}

import { mergePair, pairKey } from "./bpe_tokenizer.ts";

interface Word {
  symbols: readonly number[];
  /** Occurrences of the word in the texts. */
  readonly count: number;
}

interface Pair {
  readonly key: number;
  readonly left: number;
  readonly right: number;
}

interface HeapEntry {
  readonly pair: Pair;
  readonly count: number;
}

/** How often symbols, and pairs of neighbouring symbols, occur in a list of counted words that are being merged. */
export class PairCounts {
  readonly #symbolCounts = new Map<number, number>();
  readonly #pairCounts = new Map<number, number>();
  /** Words that hold a pair; some may have lost it since. */
  readonly #wordsOfPair = new Map<number, Set<Word>>();
  readonly #heap = new PairHeap();

  /** Takes the words with their occurrences, each word as the symbols of its UTF-8 bytes. */
  constructor(wordCounts: ReadonlyMap<string, number>, symbolOfByte: ReadonlyMap<number, number>) {
    const encoder = new TextEncoder();
    const changed = new Map<number, Pair>();
    for (const [text, count] of wordCounts) {
      const word = { symbols: Array.from(encoder.encode(text), (byte) => symbolOfByte.get(byte)!), count };
      this.#add(word, changed);
    }
    this.#enter(changed);
  }

  /** The pair of the highest count, of those the one of the lowest symbols; none if no count reaches `minCount`. */
  mostFrequent(minCount: number): Pair | undefined {
    for (let top = this.#heap.pop(); top !== undefined; top = this.#heap.pop()) {
      const count = this.#pairCounts.get(top.pair.key) ?? 0;
      if (count === top.count) return count >= minCount ? top.pair : undefined;
      // The entry is out of date. A rise was entered when it happened; a fall is entered now.
      if (count > 0 && count < top.count) this.#heap.push({ pair: top.pair, count });
    }
    return undefined;
  }

  /** Joins a pair to a symbol in every word that holds it. */
  merge(key: number, symbol: number): void {
    const changed = new Map<number, Pair>();
    for (const word of this.#wordsOfPair.get(key) ?? []) {
      const merged = mergePair(word.symbols, key, symbol);
      if (merged.length === word.symbols.length) continue;
      this.#takeAway(word);
      word.symbols = merged;
      this.#add(word, changed);
    }
    this.#pairCounts.delete(key);
    this.#wordsOfPair.delete(key);
    this.#enter(changed);
  }

  /** Whether some word holds the symbol now. */
  isUsed(symbol: number): boolean {
    return this.#symbolCounts.has(symbol);
  }

  /** How many symbols from the first given one on are used. */
  usedFrom(first: number): number {
    let count = 0;
    for (const symbol of this.#symbolCounts.keys()) if (symbol >= first) count++;
    return count;
  }

  #add(word: Word, changed: Map<number, Pair>): void {
    const { symbols, count } = word;
    for (const symbol of symbols) this.#symbolCounts.set(symbol, (this.#symbolCounts.get(symbol) ?? 0) + count);
    for (let index = 0; index + 1 < symbols.length; index++) {
      const [left, right] = [symbols[index], symbols[index + 1]];
      const key = pairKey(left, right);
      this.#pairCounts.set(key, (this.#pairCounts.get(key) ?? 0) + count);
      changed.set(key, { key, left, right });
      const holders = this.#wordsOfPair.get(key);
      if (holders === undefined) this.#wordsOfPair.set(key, new Set([word]));
      else holders.add(word);
    }
  }

  #takeAway({ symbols, count }: Word): void {
    for (const symbol of symbols) {
      const left = this.#symbolCounts.get(symbol)! - count;
      if (left > 0) this.#symbolCounts.set(symbol, left);
      else this.#symbolCounts.delete(symbol);
    }
    for (let index = 0; index + 1 < symbols.length; index++) {
      const key = pairKey(symbols[index], symbols[index + 1]);
      this.#pairCounts.set(key, this.#pairCounts.get(key)! - count);
    }
  }

  /** Enters the counts of pairs that may have risen. */
  #enter(changed: ReadonlyMap<number, Pair>): void {
    for (const pair of changed.values()) this.#heap.push({ pair, count: this.#pairCounts.get(pair.key)! });
  }
}

/** A binary heap: the highest count on top, among equals the lowest key. */
class PairHeap {
  readonly #entries: HeapEntry[] = [];

  push(entry: HeapEntry): void {
    const entries = this.#entries;
    let index = entries.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!precedes(entries[index], entries[parent])) break;
      [entries[index], entries[parent]] = [entries[parent], entries[index]];
      index = parent;
    }
  }

  pop(): HeapEntry | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return top;
    entries[0] = last;
    let index = 0;
    while (true) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < entries.length && precedes(entries[child], entries[first])) first = child;
      }
      if (first === index) return top;
      [entries[index], entries[first]] = [entries[first], entries[index]];
      index = first;
    }
  }
}

function precedes(a: HeapEntry, b: HeapEntry): boolean {
  return a.count > b.count || (a.count === b.count && a.pair.key < b.pair.key);
}

import { pairKey } from "./merge_all.ts";
import { NumberHeap } from "./number_heap.ts";

/** Two neighbouring symbols. */
export interface Pair {
  readonly key: number;
  readonly left: number;
  readonly right: number;
}

interface CountedPair extends Pair {
  /** Occurrences in the texts. */
  count: number;
  /** Where its left symbol stands, or has stood; in no order. */
  places: number[];
  /** The highest count that the heap holds an entry of. */
  entered: number;
}

/** What stands in for a neighbour where a word ends. */
const NONE = -1;

/**
 * How often pairs of neighbouring symbols occur in a list of counted words that are being merged.
 *
 * All words stand in one row of symbols, each linked to its neighbours within its word. A merge visits the places of its pair alone,
 * and corrects the counts of the pairs around each of them; a row of N bytes can be joined at most N times. So training takes
 * O(N log N) time and O(N) memory for any number of merges, however long the longest word is.
 */
export class PairCounts {
  readonly #pairs = new Map<number, CountedPair>();
  readonly #heap = new NumberHeap<CountedPair>();
  /** By place: the symbol that begins there, the places beside it, and how often its word occurs. */
  readonly #symbols: Int32Array;
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly #weights: Float64Array;
  /** How many places hold each symbol. */
  readonly #placesOf: number[] = [];
  readonly #firstJoined: number;
  #usedJoined = 0;

  /**
   * Takes the words with their occurrences, each word as the symbols of its UTF-8 bytes.
   *
   * @param firstJoined symbols from this one on are what merges make
   */
  constructor(
    wordCounts: ReadonlyMap<string, number>,
    symbolOfByte: ReadonlyMap<number, number>,
    firstJoined: number,
  ) {
    this.#firstJoined = firstJoined;
    const encoder = new TextEncoder();
    const words = Array.from(wordCounts, ([word, count]) => ({ bytes: encoder.encode(word), count }));
    const size = words.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#symbols = new Int32Array(size);
    this.#before = new Int32Array(size).fill(NONE);
    this.#after = new Int32Array(size).fill(NONE);
    this.#weights = new Float64Array(size);
    let place = 0;
    for (const { bytes, count } of words) {
      for (let index = 0; index < bytes.length; index++, place++) {
        const symbol = symbolOfByte.get(bytes[index])!;
        this.#symbols[place] = symbol;
        this.#placesOf[symbol] = (this.#placesOf[symbol] ?? 0) + 1;
        this.#weights[place] = count;
        if (index === 0) continue;
        this.#before[place] = place - 1;
        this.#after[place - 1] = place;
        this.#addPair(place - 1);
      }
    }
    for (const pair of this.#pairs.values()) this.#enter(pair);
  }

  /** The pair of the highest count, of those the one of the lowest symbols; none if no count reaches `minCount`. */
  mostFrequent(minCount: number): Pair | undefined {
    for (let top = this.#heap.pop(); top !== undefined; top = this.#heap.pop()) {
      const { value: pair, order } = top;
      if (order === -pair.entered) pair.entered = 0;
      if (pair.count === -order) return pair.count >= minCount ? pair : undefined;
      // The entry is out of date. A rise was entered when it happened; a fall is entered now.
      if (pair.count > 0 && pair.count < -order) this.#enter(pair);
    }
    return undefined;
  }

  /**
   * Joins a pair to a symbol wherever it stands: in each word from the left.
   *
   * @returns how many places it looked at, which is what its time grows with
   */
  merge({ key, left, right }: Pair, symbol: number): number {
    const pair = this.#pairs.get(key);
    if (pair === undefined) return 0;
    const risen = new Set<CountedPair>();
    for (const place of Int32Array.from(pair.places).sort()) {
      const second = this.#after[place];
      if (this.#symbols[place] !== left || second === NONE || this.#symbols[second] !== right) continue;
      const [before, after] = [this.#before[place], this.#after[second]];
      if (before !== NONE) this.#takePair(before);
      this.#takePair(place);
      if (after !== NONE) this.#takePair(second);
      this.#put(place, symbol);
      this.#put(second, NONE);
      this.#after[place] = after;
      if (after !== NONE) {
        this.#before[after] = place;
        risen.add(this.#addPair(place));
      }
      if (before !== NONE) risen.add(this.#addPair(before));
    }
    this.#pairs.delete(key);
    for (const pair of risen) this.#enter(pair);
    return pair.places.length;
  }

  /** Whether some word holds the symbol now. */
  isUsed(symbol: number): boolean {
    return (this.#placesOf[symbol] ?? 0) > 0;
  }

  /** How many symbols that merges have made are used. */
  get usedJoined(): number {
    return this.#usedJoined;
  }

  /** Puts a symbol, or none, where another one was. */
  #put(place: number, symbol: number): void {
    const old = this.#symbols[place];
    this.#symbols[place] = symbol;
    if (--this.#placesOf[old] === 0 && old >= this.#firstJoined) this.#usedJoined--;
    if (symbol === NONE) return;
    this.#placesOf[symbol] = (this.#placesOf[symbol] ?? 0) + 1;
    if (this.#placesOf[symbol] === 1 && symbol >= this.#firstJoined) this.#usedJoined++;
  }

  /** Counts the pair whose left symbol is at a place. */
  #addPair(place: number): CountedPair {
    const [left, right] = [this.#symbols[place], this.#symbols[this.#after[place]]];
    const key = pairKey(left, right);
    let pair = this.#pairs.get(key);
    if (pair === undefined) this.#pairs.set(key, pair = { key, left, right, count: 0, places: [], entered: 0 });
    pair.count += this.#weights[place];
    pair.places.push(place);
    return pair;
  }

  #takePair(place: number): void {
    const key = pairKey(this.#symbols[place], this.#symbols[this.#after[place]]);
    this.#pairs.get(key)!.count -= this.#weights[place];
  }

  /** Enters a pair's count into the heap, unless that has an entry of it that will be met first. */
  #enter(pair: CountedPair): void {
    if (pair.count <= pair.entered) return;
    pair.entered = pair.count;
    this.#heap.push(-pair.count, pair.key, pair);
  }
}

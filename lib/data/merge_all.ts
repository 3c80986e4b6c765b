import { NumberHeap } from "./number_heap.ts";

/** A learned pair of symbols. */
export interface Merge {
  /** How many were learned before it. */
  readonly rank: number;
  readonly key: number;
  /** What the pair becomes. */
  readonly symbol: number;
}

/** What stands in for a symbol that has been joined to the one before it. */
const GONE = -1;

/** One number for a pair of symbols below 2^24; in the order of left symbols, then right symbols. */
export function pairKey(left: number, right: number): number {
  return left * 0x100_0000 + right;
}

/**
 * Joins the pair that was learned first, everywhere and from the left, until none is left, in O(n log n) time for n symbols.
 *
 * @param merges by `pairKey`
 */
export function mergeAll(word: readonly number[], merges: ReadonlyMap<number, Merge>): number[] {
  const symbols = [...word];
  // Places of the symbols beside each one; the length stands for none after, -1 for none before.
  const after = symbols.map((_, place) => place + 1);
  const before = symbols.map((_, place) => place - 1);
  // Where each merge may apply, by rank, and the ranks that there are.
  const placesOf = new Map<number, number[]>();
  const ranks = new NumberHeap<Merge>();
  const find = (place: number) => {
    if (place < 0 || after[place] >= symbols.length) return;
    const merge = merges.get(pairKey(symbols[place], symbols[after[place]]));
    if (merge === undefined) return;
    const places = placesOf.get(merge.rank);
    if (places) return places.push(place);
    placesOf.set(merge.rank, [place]);
    ranks.push(merge.rank, 0, merge);
  };
  for (let place = 0; place + 1 < symbols.length; place++) find(place);
  for (let first = ranks.pop(); first !== undefined; first = ranks.pop()) {
    // All places of a pair are joined before any pair that they make is looked at, even one that was learned earlier.
    const places = placesOf.get(first.order)!;
    if (places.length > 1) places.sort((a, b) => a - b);
    placesOf.delete(first.order);
    const { key, symbol } = first.value;
    const joined: number[] = [];
    for (const place of places) {
      const second = after[place];
      if (second >= symbols.length || symbols[place] === GONE) continue;
      if (pairKey(symbols[place], symbols[second]) !== key) continue;
      symbols[place] = symbol;
      symbols[second] = GONE;
      after[place] = after[second];
      if (after[place] < symbols.length) before[after[place]] = place;
      joined.push(place);
    }
    for (const place of joined) {
      find(before[place]);
      find(place);
    }
  }
  return symbols.filter((symbol) => symbol !== GONE);
}

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type PieceMerge, PieceMerger } from "./piece_merger.ts";

/** Joins the pair of the lowest rank, of those the leftmost, until none is left: by looking at all of them each time. */
function mergeSlowly(text: string, merges: readonly PieceMerge[]): string[] {
  const pieces = [...text];
  while (true) {
    const rankAt = (place: number) =>
      merges.find(({ left, right }) => left === pieces[place] && right === pieces[place + 1])?.rank ?? Infinity;
    const ranks = pieces.slice(1).map((_, place) => rankAt(place));
    const best = Math.min(...ranks);
    if (best === Infinity) return pieces;
    const place = ranks.indexOf(best);
    pieces.splice(place, 2, pieces[place] + pieces[place + 1]);
  }
}

const merge = fc.record({
  left: fc.string({ unit: fc.constantFrom("a", "b", "\u2581"), minLength: 1, maxLength: 2 }),
  right: fc.string({ unit: fc.constantFrom("a", "b", "\u2581"), minLength: 1, maxLength: 2 }),
  rank: fc.nat(5),
});
const merges = fc.uniqueArray(merge, { maxLength: 8, selector: ({ left, right }) => `${left},${right}` });

Deno.test("pairs are joined by rank and place, words one by one or across spaces, as looking at all of them does", () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\u2581", "🙂"), maxLength: 12 }), {
    maxLength: 3,
  });
  fc.assert(fc.property(merges, texts, (merges, texts) => {
    const merger = new PieceMerger(merges);
    // Twice, since a word is remembered.
    for (const text of [...texts, ...texts]) {
      if (text !== "") assertEquals([...merger.split(text)], mergeSlowly(text, merges));
    }
  }));
});

Deno.test("a word of 100,000 letters is split", () => {
  const merger = new PieceMerger([{ left: "a", right: "a", rank: 0 }, { left: "aa", right: "aa", rank: 1 }]);
  assertEquals(merger.split("a".repeat(100_000)).length, 25_000);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream } from "#lib/random/random_stream.ts";
import { TextBatches } from "./text_batches.ts";

interface Text {
  readonly id: number;
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

const lengthOf = ({ prompt, response }: Text) => prompt.length + response.length;

/** So many texts, of lengths 2 to 41 in no order. */
const someTexts = (count: number): Text[] =>
  Array.from({ length: count }, (_, id) => ({
    id,
    prompt: Array(1 + id * 7 % 19).fill(0),
    response: Array(1 + id * 11 % 23).fill(0),
  }));

function take(texts: readonly Text[], batchSize: number, seed: number, batches: number): (readonly Text[])[] {
  const stream = new TextBatches(texts, batchSize, new RandomStream(seed, "batches"));
  return Array.from({ length: batches }, () => stream.next());
}

const idsOf = (batches: readonly (readonly Text[])[]) => batches.map((batch) => batch.map(({ id }) => id));
const sorted = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);

Deno.test("a round holds every text once where the texts fill whole windows of eight batches", () => {
  const texts = someTexts(64);
  const batches = idsOf(take(texts, 4, 1, 48));
  for (let round = 0; round < 3; round++) {
    assertEquals(sorted(batches.slice(16 * round, 16 * (round + 1)).flat()), [...Array(64).keys()]);
  }
});

Deno.test("no round holds a text twice, each is short of less than a window, and the leftover changes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 7 }), fc.nat(99), (count, size, seed) => {
      const batchSize = Math.min(size, count);
      const window = Math.min(8 * batchSize, Math.floor(count / batchSize) * batchSize);
      const perRound = Math.floor(count / window) * window;
      const batches = idsOf(take(someTexts(count), size, seed, 3 * perRound / batchSize));
      assert(batches.every((batch) => batch.length === batchSize));
      for (let round = 0; round < 3; round++) {
        const seen = batches.slice(round * perRound / batchSize, (round + 1) * perRound / batchSize).flat();
        assertEquals(new Set(seen).size, perRound);
      }
      assert(count - perRound < window);
    }),
  );
  const ids = idsOf(take(someTexts(10), 4, 1, 2 * 30)).flat();
  assertEquals(new Set(ids).size, 10, "some text is left out for ever");
});

Deno.test("the texts of a batch are nearer in length than texts drawn at random", () => {
  const spread = (batch: readonly Text[]) => {
    const lengths = batch.map(lengthOf);
    return Math.max(...lengths) - Math.min(...lengths);
  };
  const texts = someTexts(64);
  const batches = take(texts, 8, 1, 8);
  // All of one window: sorted by length and cut into eight.
  const inOrder = [...batches].sort((a, b) => lengthOf(a[0]) - lengthOf(b[0])).flat().map(lengthOf);
  assertEquals(inOrder, sorted(texts.map(lengthOf)));
  const shuffled = new RandomStream(2, "random batch").shuffle([...texts]).slice(0, 8);
  assert(batches.every((batch) => spread(batch) < spread(shuffled)));
});

Deno.test("batches do not come in the order of their lengths", () => {
  const lengths = take(someTexts(64), 8, 1, 8).map((batch) => lengthOf(batch[0]));
  assert(lengths.some((length, i) => i > 0 && length < lengths[i - 1]));
});

Deno.test("one seed gives one order, which other seeds and the rounds after do not repeat", () => {
  const texts = someTexts(32);
  const first = idsOf(take(texts, 4, 5, 16));
  assertEquals(idsOf(take(texts, 4, 5, 16)), first);
  assert(idsOf(take(texts, 4, 6, 8)).join() !== first.slice(0, 8).join());
  assert(first.slice(8).join() !== first.slice(0, 8).join());
  assertEquals(texts, someTexts(32));
});

Deno.test("fewer texts than a batch holds are one batch of all of them", () => {
  for (const batch of idsOf(take(someTexts(3), 16, 1, 4))) assertEquals(sorted(batch), [0, 1, 2]);
});

Deno.test("a stream that is put to any position of the first rounds goes on as the one that was there", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(sizes, fc.nat(99), fc.nat(20), ([count, batchSize], seed, elsewhere) => {
      const streamOf = () => new TextBatches(someTexts(count), batchSize, new RandomStream(seed, "batches"));
      const stream = streamOf();
      const perRound = Math.floor(count / Math.min(batchSize, count));
      for (let taken = 0; taken < 3 * perRound; taken++) {
        const other = streamOf();
        for (let i = 0; i < elsewhere; i++) other.next();
        const { values } = stream.state();
        other.restore({ values, arrays: {} });
        assertEquals(other.state(), stream.state());
        const afterwards = streamOf();
        afterwards.restore({ values, arrays: {} });
        const next = stream.next();
        assertEquals(other.next(), next);
        assertEquals(afterwards.next(), next);
        assertEquals(other.state(), stream.state());
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("a position that no round has is refused", () => {
  const stream = new TextBatches(someTexts(9), 3, new RandomStream(1, "batches"));
  const restore = (roundStart: number, taken: number) => stream.restore({ values: { roundStart, taken }, arrays: {} });
  assertThrows(() => restore(0, 4), RangeError, "4 batches of a round were taken, but one has 3");
  assertThrows(() => restore(-1, 0), RangeError, "position is -1");
});

Deno.test("no texts are refused", () => {
  assertThrows(() => take([], 4, 1, 1), RangeError, "Cannot make batches of no texts");
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { PreferenceData, type PreferenceDataOptions } from "./preference_data.ts";
import { keyOfPrompt, type PreferencePair, trajectoriesOf } from "./preference_pair.ts";
import { pairOf } from "./test_pairs.ts";

const pairsOf = (count: number, from = 0, changes: Partial<PreferencePair> = {}) =>
  Array.from({ length: count }, (_, i) => pairOf(from + i, changes));
const dataOf = (options: Partial<PreferenceDataOptions> = {}) =>
  new PreferenceData({ seed: 1, batchSize: 4, heldOutShare: 0.25, ...options });
const keys = (pairs: readonly PreferencePair[]) => new Set(pairs.map(({ prompt }) => keyOfPrompt(prompt)));
const numbers = (pairs: readonly PreferencePair[]) => pairs.map(({ prompt }) => prompt[0]);
const take = (data: PreferenceData, batches: number) => Array.from({ length: batches }, () => numbers(data.next()));

Deno.test("the rows of a batch are the first and the second text of each pair", () => {
  const pairs = [pairOf(1), pairOf(2)];
  const rows = trajectoriesOf(pairs);
  assertEquals(rows.length, 4);
  rows.forEach(({ prompt, response }, row) => {
    const pair = pairs[Math.floor(row / 2)];
    assertEquals([prompt, response], [pair.prompt, pair.texts[row % 2]]);
  });
});

Deno.test("rounds add up, and batches are of all rounds' pairs that are not held out, each as often as the others", () => {
  const data = dataOf({ batchSize: 15 });
  data.add(pairsOf(40));
  const [fitting, heldOut] = [data.fitting, data.heldOut];
  assertEquals([fitting.length, heldOut.length], [30, 10]);
  data.add(pairsOf(40, 40, { round: 2 }));
  assertEquals([data.rounds, data.pairs.length, data.fitting.length, data.heldOut.length], [2, 80, 60, 20]);
  assertEquals(data.pairs, [...pairsOf(40), ...pairsOf(40, 40, { round: 2 })]);
  // The first round's split stays.
  assertEquals([data.fitting.slice(0, 30), data.heldOut.slice(0, 10)], [fitting, heldOut]);
  const drawn = take(data, 2 * 4).flat();
  const twice = numbers(data.fitting).flatMap((number) => [number, number]);
  assertEquals(drawn.toSorted((a, b) => a - b), twice.toSorted((a, b) => a - b));
});

Deno.test("pairs of one prompt are on one side, whichever round they are of, and the share is that of the prompts", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 30 }),
      fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 30 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.nat(99),
      (first, second, heldOutShare, seed) => {
        fc.pre(new Set(first).size >= 2);
        const data = dataOf({ heldOutShare, seed });
        data.add(first.map((number) => pairOf(number)));
        const [fitting, heldOut] = [keys(data.fitting), keys(data.heldOut)];
        assert(fitting.size > 0 && heldOut.size > 0);
        assertEquals([...fitting].filter((key) => heldOut.has(key)), []);
        assert(Math.abs(heldOut.size - heldOutShare * new Set(first).size) <= 1);
        data.add(second.map((number) => pairOf(number, { round: 2 })));
        assertEquals([...keys(data.fitting)].filter((key) => keys(data.heldOut).has(key)), []);
        assert([...fitting].every((key) => keys(data.fitting).has(key)));
        assert([...heldOut].every((key) => keys(data.heldOut).has(key)));
        assertEquals(data.fitting.length + data.heldOut.length, first.length + second.length);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a share of 0 holds nothing out, even of one prompt; another share cannot hold out of one prompt", () => {
  const data = dataOf({ heldOutShare: 0 });
  data.add([pairOf(3), pairOf(3)]);
  assertEquals([data.fitting.length, data.heldOut.length], [2, 0]);
  const message = assertThrows(() => dataOf().add([pairOf(3), pairOf(3)]), InputError).message;
  assertEquals(
    message,
    "preferences: pairs of 1 prompt, where some are to be held out; at least 2 prompts are needed",
  );
});

Deno.test("one seed gives one split and one order, another seed others", () => {
  const drawn = (seed: number) => {
    const data = dataOf({ seed });
    data.add(pairsOf(40));
    return { split: numbers(data.heldOut), batches: take(data, 10) };
  };
  assertEquals(drawn(1), drawn(1));
  assert(drawn(1).split.join() !== drawn(2).split.join());
  assert(drawn(1).batches.join() !== drawn(2).batches.join());
});

Deno.test("the pairs of a batch are of like length by their longer text", () => {
  const data = dataOf({ heldOutShare: 0, batchSize: 8 });
  const pairs = pairsOf(64);
  data.add(pairs);
  const longest = ({ texts }: PreferencePair) => Math.max(...texts.map(({ length }) => length));
  const batches = Array.from({ length: 8 }, () => data.next().map(longest));
  const spread = (lengths: readonly number[]) => Math.max(...lengths) - Math.min(...lengths);
  const inOrder = batches.toSorted((a, b) => a[0] - b[0] || a[7] - b[7]).flat();
  assertEquals(inOrder, pairs.map(longest).toSorted((a, b) => a - b));
  assert(batches.every((batch) => spread(batch) < spread(pairs.map(longest))));
});

Deno.test("data that is put back to any place, in any round, goes on as the one that was there, its later rounds included", () => {
  fc.assert(
    fc.property(fc.nat(99), fc.nat(12), fc.nat(12), fc.nat(20), (seed, taken, takenLater, elsewhere) => {
      const options = { seed, batchSize: 3 };
      const data = dataOf(options);
      const other = dataOf(options);
      other.add(pairsOf(6, 50));
      take(other, elsewhere);
      const put = () => {
        const { values } = data.state();
        other.restore({ values: JSON.parse(JSON.stringify(values)), arrays: {} });
        assertEquals([other.state(), other.fitting, other.heldOut], [data.state(), data.fitting, data.heldOut]);
      };
      put();
      data.add(pairsOf(11));
      take(data, taken);
      put();
      for (const each of [data, other]) each.add(pairsOf(7, 8, { round: 2, label: 0.3 }));
      assertEquals(take(other, takenLater), take(data, takenLater));
      put();
      assertEquals(take(other, 9), take(data, 9));
    }),
    { numRuns: 40 },
  );
});

Deno.test("what cannot be is refused: rounds of nothing, draws before any, places that no round has, sizes and shares", () => {
  assertThrows(() => dataOf().add([]), InputError, "preferences: round 1 has no pair to learn from");
  assertThrows(() => dataOf().next(), RangeError, "no round was added");
  for (const batchSize of [0, -1, 1.5]) assertThrows(() => dataOf({ batchSize }), RangeError, "batchSize");
  for (const heldOutShare of [-0.1, 1, NaN]) assertThrows(() => dataOf({ heldOutShare }), RangeError, "heldOutShare");
  const rounds = [pairsOf(9)];
  const restore = (values: Parameters<PreferenceData["restore"]>[0]["values"]) =>
    dataOf().restore({ values, arrays: {} });
  assertThrows(() => restore({ rounds, batches: null }), RangeError, "it has 1 rounds, but no place");
  assertThrows(() => restore({ rounds: [], batches: { roundStart: 0, taken: 0 } }), RangeError, "but a place");
  assertThrows(() => restore({ rounds, batches: { roundStart: 0, taken: 99 } }), RangeError, "99 batches");
});

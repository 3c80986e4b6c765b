import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { philox4x32 } from "#kernels/random/philox.ts";
import { fnv1a32, RandomStream } from "./random_stream.ts";

const take = <T>(count: number, draw: () => T) => Array.from({ length: count }, draw);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("fnv1a32 gives the published hashes", () => {
  // The 32-bit FNV-1a entries for "", "a" and "foobar" of the test suite that the authors of FNV distribute.
  assertEquals(fnv1a32(""), 0x811c9dc5);
  assertEquals(fnv1a32("a"), 0xe40c292c);
  assertEquals(fnv1a32("foobar"), 0xbf9cf968);
});

Deno.test("a stream reads the Philox blocks of its seed and purpose in counter order", () => {
  const stream = new RandomStream(7, "test");
  const key = [7, fnv1a32("test")] as const;
  assertEquals(take(8, () => stream.nextUint32()), [
    ...philox4x32([0, 0, 0, 0], key),
    ...philox4x32([1, 0, 0, 0], key),
  ]);
});

Deno.test("equal seeds and purposes give equal streams, others different ones", () => {
  const numbers = (seed: number, purpose: string) => {
    const stream = new RandomStream(seed, purpose);
    return take(16, () => stream.nextUint32());
  };
  assertEquals(numbers(10, "sample"), numbers(10, "sample"));
  assertNotEquals(numbers(10, "sample"), numbers(11, "sample"));
  assertNotEquals(numbers(10, "sample"), numbers(10, "shuffle"));
});

Deno.test("uniform lies in [0, 1) with mean one half and variance one twelfth", () => {
  const stream = new RandomStream(1, "uniform");
  const values = take(20_000, () => stream.uniform());
  assert(values.every((value) => value >= 0 && value < 1));
  assertAlmostEquals(mean(values), 0.5, 0.01);
  assertAlmostEquals(mean(values.map((value) => (value - 0.5) ** 2)), 1 / 12, 0.003);
});

Deno.test("integer is below its count for every count", () => {
  fc.assert(fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 2 ** 32 }), (seed, count) => {
    const value = new RandomStream(seed, "integer").integer(count);
    assert(Number.isInteger(value) && value >= 0 && value < count);
  }));
});

Deno.test("integer is uniform where a plain remainder of 32 bits would not be", () => {
  // With count 3·2^30 the plain remainder falls below 2^30 half of the time instead of a third.
  const stream = new RandomStream(2, "integer");
  const count = 3 * 2 ** 30;
  const share = mean(take(20_000, () => stream.integer(count) < 2 ** 30 ? 1 : 0));
  assertAlmostEquals(share, 1 / 3, 0.015);
});

Deno.test("shuffle keeps the values and reaches every order about equally often", () => {
  const stream = new RandomStream(3, "shuffle");
  const counts = new Map<string, number>();
  for (let draw = 0; draw < 12_000; draw++) {
    const order = stream.shuffle(["a", "b", "c"]).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), ["abc", "acb", "bac", "bca", "cab", "cba"]);
  for (const count of counts.values()) assertAlmostEquals(count / 12_000, 1 / 6, 0.015);
});

Deno.test("weightedChoice follows the weights and never takes a weight of zero", () => {
  const stream = new RandomStream(4, "weights");
  const values = take(20_000, () => stream.weightedChoice(["a", "b", "c"], [1, 0, 3]));
  assertEquals(values.includes("b"), false);
  assertAlmostEquals(mean(values.map((value) => value === "c" ? 1 : 0)), 0.75, 0.01);
});

Deno.test("normal has mean 0, variance 1 and the fourth moment 3", () => {
  const stream = new RandomStream(5, "normal");
  const values = take(40_000, () => stream.normal());
  assert(values.every(Number.isFinite));
  assertAlmostEquals(mean(values), 0, 0.02);
  assertAlmostEquals(mean(values.map((value) => value ** 2)), 1, 0.03);
  assertAlmostEquals(mean(values.map((value) => value ** 4)), 3, 0.2);
});

/** The kinds of draws, each taking words of its own number. */
const DRAWS: Readonly<Record<string, (stream: RandomStream) => unknown>> = {
  word: (stream) => stream.nextUint32(),
  uniform: (stream) => stream.uniform(),
  normal: (stream) => stream.normal(),
  // Refuses a quarter of the words.
  integer: (stream) => stream.integer(3 * 2 ** 30),
  shuffle: (stream) => stream.shuffle([0, 1, 2, 3, 4, 5, 6]),
};
const someDraws = fc.array(fc.constantFrom(...Object.keys(DRAWS)), { maxLength: 30 });

Deno.test("a stream that goes to a position goes on as the one that was there, whatever was drawn", () => {
  fc.assert(fc.property(someDraws, someDraws, someDraws, fc.nat(99), (before, after, elsewhere, seed) => {
    const draw = (stream: RandomStream, kinds: readonly string[]) => kinds.map((kind) => DRAWS[kind](stream));
    const stream = new RandomStream(seed, "seek");
    draw(stream, before);
    const { position } = stream;
    const drawn = draw(stream, after);
    const other = new RandomStream(seed, "seek");
    draw(other, elsewhere);
    other.seek(position);
    assertEquals(other.position, position);
    assertEquals(draw(other, after), drawn);
    assertEquals(other.position, stream.position);
  }));
});

Deno.test("a position counts words, also beyond 2^32 blocks", () => {
  const stream = new RandomStream(7, "test");
  stream.seek(4 * (3 * 2 ** 32 + 5) + 2);
  const block = philox4x32([5, 3, 0, 0], [7, fnv1a32("test")]);
  const next = philox4x32([6, 3, 0, 0], [7, fnv1a32("test")]);
  assertEquals(take(3, () => stream.nextUint32()), [block[2], block[3], next[0]]);
  assertEquals(stream.position, 4 * (3 * 2 ** 32 + 5) + 5);
});

Deno.test("wrong arguments are named in a RangeError", () => {
  const stream = new RandomStream(0, "errors");
  assertThrows(() => new RandomStream(-1, "x"), RangeError, "seed is -1");
  assertThrows(() => new RandomStream(1.5, "x"), RangeError, "seed is 1.5");
  assertThrows(() => stream.integer(0), RangeError, "count is 0");
  for (const position of [-1, 0.5, NaN]) {
    assertThrows(() => stream.seek(position), RangeError, `position is ${position} but must be an integer ≥ 0`);
  }
  assertThrows(() => stream.choice([]), RangeError, "no values");
  assertThrows(() => stream.weightedChoice(["a"], [1, 2]), RangeError, "1 values but 2 weights");
  assertThrows(() => stream.weightedChoice(["a", "b"], [0, 0]), RangeError, "no weight is positive");
  assertThrows(() => stream.weightedChoice(["a"], [NaN]), RangeError, "a weight is NaN");
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream } from "#lib/random/random_stream.ts";
import { ReplayBuffer } from "./replay_buffer.ts";

const bufferOf = (capacity: number, seed = 1) => new ReplayBuffer<number>(capacity, new RandomStream(seed, "buffer"));
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
/** All that the buffer holds, whatever the order. */
const contents = (buffer: ReplayBuffer<number>) => sorted(buffer.draw(buffer.size));

const someBatches = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 });

Deno.test("a buffer holds the last texts that were pushed, as many as its capacity", () => {
  fc.assert(
    fc.property(someBatches, fc.integer({ min: 1, max: 20 }), (sizes, capacity) => {
      const buffer = bufferOf(capacity);
      let pushed = 0;
      for (const size of sizes) {
        buffer.push(Array.from({ length: size }, () => pushed++));
        const held = Math.min(pushed, capacity);
        assertEquals(contents(buffer), Array.from({ length: held }, (_, i) => pushed - held + i));
        assertEquals(buffer.isFull, pushed >= capacity);
      }
    }),
  );
});

Deno.test("a draw holds no text twice, and leaves the buffer as it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(30), fc.nat(99), (size, count, seed) => {
      const buffer = bufferOf(40, seed);
      buffer.push([...Array(size).keys()]);
      const drawn = buffer.draw(Math.min(count, size));
      assertEquals(drawn.length, Math.min(count, size));
      assertEquals(new Set(drawn).size, drawn.length);
      assertEquals(contents(buffer), [...Array(size).keys()]);
    }),
  );
});

Deno.test("every text is drawn equally often, at every place of a batch", () => {
  const buffer = bufferOf(5);
  buffer.push([0, 1, 2, 3, 4]);
  const counts = [0, 1].map(() => [0, 0, 0, 0, 0]);
  const draws = 10_000;
  for (let i = 0; i < draws; i++) buffer.draw(2).forEach((text, place) => counts[place][text]++);
  // Binomial: 2000 ± 40; four of its standard deviations.
  for (const count of counts.flat()) assert(Math.abs(count - draws / 5) < 160, `${counts}`);
});

Deno.test("one seed gives one order of draws", () => {
  const drawsOf = (seed: number) => {
    const buffer = bufferOf(50, seed);
    buffer.push([...Array(50).keys()]);
    return [buffer.draw(10), buffer.draw(10)];
  };
  assertEquals(drawsOf(1), drawsOf(1));
  assert(drawsOf(1).join() !== drawsOf(2).join());
});

Deno.test("a buffer that is given what another held holds the same, in the same order", () => {
  const [one, other] = [bufferOf(4), bufferOf(4)];
  other.push([9, 9, 9]);
  one.push([1, 2, 3, 4, 5]);
  other.restore({ ...structuredClone(one.state()), arrays: {} });
  for (const buffer of [one, other]) buffer.push([6]);
  assertEquals(other.draw(4), one.draw(4));
  const crowded = () => other.restore({ values: [1, 2, 3, 4, 5], arrays: {} });
  assertThrows(crowded, RangeError, "it holds 5 texts but has room for 4");
});

Deno.test("more texts than there are cannot be drawn, and a buffer has room for one at least", () => {
  const buffer = bufferOf(4);
  buffer.push([1, 2]);
  assertThrows(() => buffer.draw(3), RangeError, "Cannot draw 3 texts: the replay buffer holds 2");
  for (const capacity of [0, 1.5, NaN]) {
    assertThrows(() => bufferOf(capacity), RangeError, `capacity is ${capacity} but must be a positive integer`);
  }
});

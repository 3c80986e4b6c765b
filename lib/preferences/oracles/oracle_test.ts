import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { Contest } from "../contest.ts";
import { labelContests, type LabelSettings, type Oracle } from "./oracle.ts";

const contest = (number: number): Contest => ({
  prompt: [number],
  texts: [[1, number], [2]],
  writers: ["student", "student"],
  references: [],
});

/** An oracle that gives these differences. */
const saying = (...differences: readonly (number | undefined)[]): Oracle => ({
  name: "metric",
  differences: () => Promise.resolve(differences),
});
const label = (oracle: Oracle, count: number, settings: Partial<LabelSettings> = {}, seed = 1) =>
  labelContests(
    Array.from({ length: count }, (_, i) => contest(i)),
    oracle,
    { temperature: 0, round: 2, ...settings },
    new RandomStream(seed, "labels"),
  );

Deno.test("without noise the better text is preferred, and a tie is 0.5", async () => {
  const { pairs, unlabelled } = await label(saying(0.1, -3, 0, -0, Infinity, -Infinity), 6);
  assertEquals(pairs.map(({ label }) => label), [1, 0, 0.5, 0.5, 1, 0]);
  assertEquals(unlabelled, 0);
  assertEquals(pairs[0], { prompt: [0], texts: [[1, 0], [2]], label: 1, oracle: "metric", round: 2 });
});

Deno.test("hard labels draw nothing, noisy ones one number a contest, whatever the oracle says of it", async () => {
  const random = new RandomStream(1, "labels");
  const contests = [contest(0), contest(1), contest(2)];
  const oracle = saying(1, undefined, Infinity);
  await labelContests(contests, oracle, { temperature: 0, round: 1 }, random);
  assertEquals(random.position, 0);
  await labelContests(contests, oracle, { temperature: 1, round: 1 }, random);
  const three = new RandomStream(1, "labels");
  for (let i = 0; i < 3; i++) three.uniform();
  assertEquals(random.position, three.position);
});

Deno.test("noisy labels are 1 as often as σ(Δ / temperature), also those of ties, and a certain preference stays", async () => {
  const count = 4000;
  for (const [difference, temperature] of [[0.3, 0.2], [-0.3, 0.2], [0, 1], [1, 3]]) {
    const { pairs } = await label(saying(...Array(count).fill(difference)), count, { temperature });
    assert(pairs.every(({ label }) => label === 0 || label === 1));
    const share = pairs.reduce((sum, { label }) => sum + label, 0) / count;
    const expected = 1 / (1 + Math.exp(-difference / temperature));
    // Four standard deviations of the share.
    assertAlmostEquals(share, expected, 4 * Math.sqrt(expected * (1 - expected) / count));
  }
  const certain = Array.from({ length: 200 }, (_, i) => i % 2 === 0 ? Infinity : -Infinity);
  const { pairs } = await label(saying(...certain), 200, { temperature: 9 });
  assert(pairs.every(({ label }, i) => label === 1 - i % 2));
});

Deno.test("one seed gives one set of labels, another seed another", async () => {
  const labels = async (seed: number) =>
    (await label(saying(...Array(64).fill(0.1)), 64, { temperature: 1 }, seed)).pairs.map(({ label }) => label).join(
      "",
    );
  assertEquals(await labels(1), await labels(1));
  assert(await labels(1) !== await labels(2));
});

Deno.test("contests that the oracle is not to judge make no pair, and are counted", async () => {
  const { pairs, unlabelled } = await label(saying(1, undefined, -1, undefined), 4);
  assertEquals([pairs.map(({ prompt }) => prompt[0]), unlabelled], [[0, 2], 2]);
});

Deno.test("a temperature or difference that is no number is refused", async () => {
  for (const temperature of [-1, NaN, Infinity]) {
    await assertRejects(() => label(saying(1), 1, { temperature }), RangeError, "the temperature is");
  }
  await assertRejects(() => label(saying(1, NaN), 2), RangeError, "Cannot label pair 1: metric gave no number");
});

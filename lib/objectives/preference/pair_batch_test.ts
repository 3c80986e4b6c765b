import { assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { releaseBatch } from "../trajectory_batch.ts";
import { meanOverLabels, packPairs, pairDifferences } from "./pair_batch.ts";
import { assertClose, PAIRS, RESPONSES } from "./test_pairs.ts";

const gpu = await testGpu();

gpuTest("pairs are packed as their texts one after another, with the weights of their labels", async () => {
  const batch = packPairs(gpu, PAIRS, ONE_TEXT, { gamma: 0.9 });
  const { actions, rowSpans, weights, firstWeights, secondWeights, qualityGaps } = batch;
  const [taken, spans, discounts, first, second, gaps] = await gpu.readAll([
    ...[actions, rowSpans, weights, firstWeights, secondWeights, qualityGaps!],
  ]);
  assertEquals([...taken], RESPONSES.flat());
  assertEquals([...spans], [0, 4, 4, 5, 5, 7, 7, 10, 10, 11, 11, 13]);
  assertClose(discounts, RESPONSES.flatMap((text) => text.map((_, t) => 0.9 ** t / 13)), 1e-7);
  assertClose(first, [1 / 3, 0, 0.1], 1e-7);
  assertClose(second, [0, 1 / 3, 0.7 / 3], 1e-7);
  assertClose(gaps, [0.7, -0.1, -0.5], 1e-6);
  releaseBatch(gpu, batch);
});

gpuTest("a batch of pairs is released whole, by what releases any batch", () => {
  const cycle = () => {
    releaseBatch(gpu, packPairs(gpu, PAIRS, ONE_TEXT));
    // A flush without a dispatch submits nothing: the uploads may take released buffers only after a submit.
    const scratch = gpu.allocate([1]);
    gpu.clear(scratch);
    gpu.release(scratch);
    gpu.flush();
    return gpu.liveBuffers;
  };
  const first = cycle();
  for (let i = 0; i < 4; i++) assertEquals(cycle(), first);
});

gpuTest("without qualities of every pair there is no difference of them", () => {
  const [{ qualityGap: _, ...bare }, ...others] = PAIRS;
  const batch = packPairs(gpu, [bare, ...others], ONE_TEXT);
  assertEquals("qualityGaps" in batch, false);
  releaseBatch(gpu, batch);
});

gpuTest("differences are of the first text over the second, and each order of a pair counts by its label", async () => {
  using tape = new Tape(gpu);
  const batch = packPairs(gpu, PAIRS, ONE_TEXT);
  const scores = tape.constant(tape.adopt(gpu.upload(Float32Array.of(1, 3, 5, 1, 2, 2.5))));
  const differences = pairDifferences(tape, scores);
  const mean = meanOverLabels(tape, differences, batch, (x) => x);
  const [values, [value]] = await gpu.readAll([differences.value, mean.value]);
  assertEquals([...values], [-2, 4, -0.5]);
  assertClose([value], [(-2 - 4 + 0.3 * -0.5 + 0.7 * 0.5) / 3], 1e-6);
  releaseBatch(gpu, batch);
});

gpuTest("no pairs, labels that are no probability and texts without tokens are refused", () => {
  const refuses = (changes: object, message: string) =>
    assertThrows(() => packPairs(gpu, [PAIRS[0], { ...PAIRS[1], ...changes }], ONE_TEXT), RangeError, message);
  for (const label of [2, -0.5, NaN]) {
    refuses({ label }, `Cannot pack pair 1: its label is ${label} but must be from 0 to 1`);
  }
  refuses({ texts: [[5], []] }, "Cannot pack trajectory 3: it has no response");
  refuses({ prompt: [] }, "Cannot pack trajectory 2: it has no prompt");
  assertThrows(() => packPairs(gpu, [], ONE_TEXT), RangeError, "Cannot pack no trajectories");
});

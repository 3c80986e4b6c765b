import { assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { allStates } from "../test_objective.ts";
import { releaseBatch } from "../trajectory_batch.ts";
import { type LabelledPair, packPairs } from "./pair_batch.ts";
import { packFeaturedPairs, rewardFeatures } from "./reward_guidance.ts";
import { packTaughtPairs } from "./value_rewards.ts";

const gpu = await testGpu();
/** More than a model reads at once, of texts of all lengths. */
const PAIRS: readonly LabelledPair[] = Array.from({ length: 75 }, (_, n) => ({
  prompt: [1 + n % 5, ...Array<number>(n % 4).fill(2)],
  texts: [[3, 1 + n % 7], Array.from({ length: 1 + n % 6 }, (_, t) => 1 + (n + t) % 8)],
  label: n % 2,
}));

gpuTest("what models make of many pairs, a few at a time, is to the bit what they make of all at once", async () => {
  using model = tinyDecoder(gpu);
  using tape = new Tape(gpu);
  const [taught, featured] = [packTaughtPairs(gpu, PAIRS, model), packFeaturedPairs(gpu, PAIRS, { backbone: model })];
  const [before, after] = (["before", "after"] as const).map((seen) => packPairs(gpu, PAIRS, model.layout, { seen }));
  const { hidden, logits } = allStates(tape, model, before);
  const [hiddenStates, policy, features, ...atOnce] = await gpu.readAll([
    ...[taught.features, taught.policy!, featured.features],
    ...[hidden.value, logits.value, rewardFeatures(tape, model, after).value],
  ]);
  assertEquals([hiddenStates, policy, features], atOnce);
  assertEquals(await gpu.read(featured.actions), await gpu.read(after.actions));
  for (const batch of [taught, featured, before, after]) releaseBatch(gpu, batch);
});

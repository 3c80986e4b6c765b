import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { hiddenOf } from "../states.ts";
import { packTrajectories } from "../trajectory_batch.ts";
import { logLikelihood, rewardLogits } from "./bradley_terry.ts";
import { packPairs } from "./pair_batch.ts";
import { rewardHead, tokenRewards } from "./reward_head.ts";
import { PAIRS } from "./test_pairs.ts";

const gpu = await testGpu();
const featureSize = 16;
const weights = (size: number) => Float32Array.from({ length: featureSize }, (_, i) => size * Math.cos(3 * i + 1));

function headOf(size: number) {
  const head = rewardHead(gpu, { featureSize });
  gpu.write(head.store.get("values.weight").value, weights(size));
  return head;
}

gpuTest("the reward of a token is the tanh of a linear map of its features, and 0 at the start", async () => {
  const features = Float32Array.from({ length: 3 * featureSize }, (_, i) => Math.sin(i + 1));
  using tape = new Tape(gpu);
  const given = tape.constant(tape.adopt(gpu.upload(features, [3, featureSize])));
  using fresh = rewardHead(gpu, { featureSize });
  using head = headOf(0.4);
  const [initial, rewards] = await gpu.readAll([
    ...[tokenRewards(tape, fresh, given).value, tokenRewards(tape, head, given).value],
  ]);
  assertEquals([...initial], [0, 0, 0]);
  rewards.forEach((reward, n) => {
    const sum = [...weights(0.4)].reduce((total, weight, i) => total + weight * features[n * featureSize + i], 0);
    assertAlmostEquals(reward, Math.tanh(sum), 1e-5);
  });
  using wide = headOf(400);
  assert((await gpu.read(tokenRewards(tape, wide, given).value)).every((reward) => Math.abs(reward) <= 1));
  assertThrows(() => tokenRewards(tape, rewardHead(gpu, { featureSize: 6 }), given), RangeError, "but F is 6");
});

gpuTest("rewards see the token that they are of, where the features are those after it", async () => {
  using backbone = tinyDecoder(gpu);
  using head = headOf(0.4);
  const rewardsOf = async (response: readonly number[], seen: "before" | "after") => {
    using tape = new Tape(gpu);
    const batch = packTrajectories(gpu, [{ prompt: [3, 1], response }], backbone.layout, { seen });
    return [...await gpu.read(tokenRewards(tape, head, hiddenOf(tape, backbone, batch)).value)];
  };
  const [one, other] = [[5, 9, 2], [5, 9, 7]];
  const [ofOne, ofOther] = [await rewardsOf(one, "after"), await rewardsOf(other, "after")];
  assertEquals(ofOne.slice(0, 2), ofOther.slice(0, 2));
  assert(ofOne[2] !== ofOther[2]);
  assertEquals(await rewardsOf(one, "before"), await rewardsOf(other, "before"));
});

gpuTest(
  "the likelihood of pairs has a gradient for the head at its start, and none for a backbone that does not learn",
  async () => {
    using backbone = tinyDecoder(gpu);
    using head = rewardHead(gpu, { featureSize });
    const batch = packPairs(gpu, PAIRS, backbone.layout, { gamma: 0.9, seen: "after" });
    using tape = new Tape(gpu, { learning: [head.store] });
    const rewards = tokenRewards(tape, head, hiddenOf(tape, backbone, batch));
    const logits = rewardLogits(tape, rewards, batch, { gamma: 0.9, rewarded: "everyToken" });
    const likelihood = logLikelihood(tape, logits, batch);
    for (const { store } of [head, backbone]) store.zeroGradients();
    tape.backward(likelihood);
    assertAlmostEquals((await gpu.read(likelihood.value))[0], -Math.LN2, 1e-6);
    assert((await head.store.readGradients()).get("values.weight")!.some((value) => Math.abs(value) > 1e-3));
    const ofBackbone = [...(await backbone.store.readGradients()).values()];
    assert(ofBackbone.every((gradient) => gradient.every((value) => value === 0)));
  },
);

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { linearCombination } from "#lib/objectives/linear_combination.ts";
import { type LabelledPair, packPairs } from "#lib/objectives/preference/pair_batch.ts";
import { meanReturn } from "#lib/objectives/preference/returns.ts";
import { type FeaturedPairs, tokenRewardLogits } from "#lib/objectives/preference/reward_guidance.ts";
import { rewardHead, tokenRewards } from "#lib/objectives/preference/reward_head.ts";
import { releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { AdamW } from "./adam_w.ts";
import { HeldReward } from "./held_reward.ts";
import { updateStep } from "./update_step.ts";

const gpu = await testGpu();
const REWARD = { gamma: 1, rewarded: "everyToken" } as const;
const FIT = { steps: 60, learningRate: 0.05, betas: [0.9, 0.98], lookEvery: 10, patience: 3 } as const;
const SLACK = 0.05;
const RATE = 10;

/** Texts of tokens 1 and 2, of which those with more of 1 are preferred four times in five. */
const pairsOf = (count: number): LabelledPair[] =>
  Array.from({ length: count }, (_, n) => ({ prompt: [3], texts: [[1, 1, 2], [2, 1]], label: n % 5 === 0 ? 0 : 1 }));
const SPLIT = { fitting: pairsOf(10), heldOut: pairsOf(5) };

/** A token's features tell which it is. */
function pack(pairs: readonly LabelledPair[]): FeaturedPairs {
  const batch = packPairs(gpu, pairs, { kind: "oneText" }, { seen: "after" });
  const tokens = pairs.flatMap(({ texts }) => texts.flat());
  const features = Float32Array.from(tokens.flatMap((token) => [Number(token === 1), Number(token === 2)]));
  return { ...batch, features: gpu.upload(features, [tokens.length, 2]) };
}

function held(slackPerPair = SLACK) {
  const head = rewardHead(gpu, { featureSize: 2 });
  const reward = new HeldReward(gpu, {
    reward: { store: head.store, pack, logits: (tape, batch) => tokenRewardLogits(tape, { head }, batch, REWARD) },
    pairs: () => SPLIT,
    settings: { slackPerPair, multiplierRate: RATE },
    fit: FIT,
  });
  const ascended = async () => {
    const tensors = await reward.ascended();
    const values = await gpu.readAll(Object.values(tensors));
    for (const tensor of Object.values(tensors)) gpu.release(tensor);
    return Object.fromEntries(Object.keys(tensors).map((name, i) => [name, values[i][0]]));
  };
  return { head, reward, ascended };
}

/** Makes a head that prefers tokens 2 to tokens 1, against the pairs. */
function turn(head: ReturnType<typeof rewardHead>): void {
  gpu.write(head.store.get("values.weight").value, Float32Array.of(-1, 1));
  gpu.write(head.store.get("values.bias").value, Float32Array.of(0));
}

gpuTest("the multiplier is 0 inside the set, rises outside, and a restored one goes on to the same bits", async () => {
  const { head, reward, ascended } = held();
  const { maxLogLikelihood, heldOutAccuracy } = await reward.refit();
  // The entropy of four in five bounds what any reward can reach.
  assert(maxLogLikelihood > -Math.LN2 && maxLogLikelihood < -0.5, `${maxLogLikelihood}`);
  assertAlmostEquals(heldOutAccuracy, 0.8, 1e-12);
  const { reward_accuracy: accuracy, ...inside } = await ascended();
  assertEquals(inside, { multiplier: 0, violation: 0 });
  assertAlmostEquals(accuracy, heldOutAccuracy, 1e-6);
  turn(head);
  const { multiplier, violation, reward_accuracy: turned } = await ascended();
  assertAlmostEquals(turned, 1 - heldOutAccuracy, 1e-6);
  assert(violation > 0.3, `${violation}`);
  assertAlmostEquals(multiplier, RATE * violation, 1e-5);
  const saved = reward.state();
  const next = await ascended();
  assertAlmostEquals(next.multiplier, 2 * multiplier, 1e-4);
  const other = held();
  turn(other.head);
  other.reward.restore({ values: JSON.parse(JSON.stringify(saved.values)), arrays: {} });
  assertEquals(await other.ascended(), next);
  // Where the reward stands now has no part in a new fit.
  assertEquals((await reward.refit()).maxLogLikelihood, maxLogLikelihood);
});

gpuTest(
  "an ascent that goes against the pairs stays nearer the set where it is held than where it is free",
  async () => {
    const endOf = async (isHeld: boolean) => {
      const { head, reward, ascended } = held();
      await reward.refit();
      using optimizer = new AdamW(gpu, head.store, { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0 });
      const texts = pack([{ prompt: [3], texts: [[1, 1], [1, 1]], label: 1 }]);
      const violations: number[] = [];
      for (let step = 0; step < 160; step++) {
        const measures = await updateStep(gpu, [{ optimizer, learningRate: 0.04 }], [(tape) => {
          const rewards = tokenRewards(tape, head, tape.constant(texts.features));
          const returned = meanReturn(tape, { rewards, rowSpans: texts.rowSpans }, REWARD);
          const gap = { value: linearCombination(tape, [{ weight: -1, value: returned }]), measures: {} };
          const { value } = isHeld ? reward.within(tape, gap) : gap;
          return { loss: linearCombination(tape, [{ weight: -1, value }]), measures: {} };
        }]);
        for (const tensor of Object.values(measures)) gpu.release(tensor);
        violations.push((await ascended()).violation);
      }
      releaseBatch(gpu, texts);
      return mean(violations.slice(80));
    };
    const [free, bound] = [await endOf(false), await endOf(true)];
    assert(free > 0.1, `${free}`);
    assert(bound < free / 4, `${bound} of ${free}`);
  },
);

gpuTest("a fit tells its steps, and ends where it is to stop", async () => {
  const { reward } = held();
  const told: number[] = [];
  await reward.refit((done) => told.push(done));
  assert(told.length > 1 && told.every((done, i) => i === 0 || done > told[i - 1]), `${told}`);
  const stop = () => {
    throw new Error("stopped");
  };
  await assertRejects(() => reward.refit(stop), Error, "stopped");
});

gpuTest("a reward that was fitted to nothing cannot be held", async () => {
  const { ascended } = held();
  await assertRejects(ascended, RangeError, "it was fitted to no pairs");
});

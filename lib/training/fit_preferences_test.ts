import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import { pairAccuracy } from "#lib/objectives/preference/bradley_terry.ts";
import { rewardHead } from "#lib/objectives/preference/reward_head.ts";
import {
  type FeaturePairs,
  likelihoodUnder,
  logitsUnder,
  oraclePairs,
  sigmoid,
  WEIGHTS,
} from "#lib/objectives/preference/test_oracle.ts";
import { fitPreferences, meanLogLikelihood } from "./fit_preferences.ts";
import { NonFiniteError } from "./measure_log.ts";

const gpu = await testGpu();
const F = WEIGHTS.length;
const pairsOf = (seed: number, count: number, labelOf: (logit: number, pair: number) => number) =>
  oraclePairs(gpu, seed, count, labelOf);
const settings = { steps: 300, learningRate: 0.05, betas: [0.9, 0.99], lookEvery: 20, patience: 3 } as const;

async function readLogits(head: Critic, pairs: FeaturePairs): Promise<number[]> {
  using tape = new Tape(gpu);
  return [...await gpu.read(logitsUnder(head, tape, pairs).value)];
}

gpuTest("the fit orders held-out pairs as a hand-made reward does and finds its weights", async () => {
  using head = rewardHead(gpu, { featureSize: F });
  const training = [1, 2, 3, 4].map((seed) => pairsOf(seed, 60, sigmoid));
  const heldOut = pairsOf(5, 100, sigmoid);
  const run = { learner: head, logLikelihood: likelihoodUnder(head), training, heldOut: [heldOut] };
  const fitted = await fitPreferences(gpu, run, settings);
  assertAlmostEquals(
    await meanLogLikelihood(gpu, likelihoodUnder(head), [heldOut]),
    fitted.heldOutLogLikelihood,
    1e-6,
  );
  const accuracy = pairAccuracy(await readLogits(head, heldOut), heldOut.logits.map((logit) => Number(logit > 0)));
  assert(accuracy >= 0.95, `${accuracy}`);
  const weights = (await head.store.read()).get("values.weight")!;
  WEIGHTS.forEach((weight, i) => assertAlmostEquals(weights[i], weight, 0.1, `weight ${i}`));
});

gpuTest(
  "a fit to labels that mean nothing ends early, and leaves what was likeliest on the held-out pairs",
  async () => {
    using head = rewardHead(gpu, { featureSize: F });
    const training = [pairsOf(1, 6, (_, n) => n % 2)];
    const heldOut = [pairsOf(2, 40, sigmoid), pairsOf(3, 7, sigmoid)];
    const run = { learner: head, logLikelihood: likelihoodUnder(head), training, heldOut };
    const fitted = await fitPreferences(gpu, run, { ...settings, lookEvery: 5, patience: 2 });
    assert(fitted.steps <= 20, `${fitted.steps}`);
    assert(fitted.heldOutLogLikelihood >= -Math.LN2 - 1e-6);
    // To the bit: nothing after the best look stays.
    assertEquals(await meanLogLikelihood(gpu, likelihoodUnder(head), heldOut), fitted.heldOutLogLikelihood);
    if (fitted.steps === 0) assert((await head.store.read()).get("values.weight")!.every((value) => value === 0));
  },
);

gpuTest("two fits are equal to the bit, and give their buffers back", async () => {
  const fit = async () => {
    using head = rewardHead(gpu, { featureSize: F });
    const run = { learner: head, logLikelihood: likelihoodUnder(head), training, heldOut };
    await fitPreferences(gpu, run, { ...settings, steps: 12, lookEvery: 5 });
    return (await head.store.read()).get("values.weight")!;
  };
  const [training, heldOut] = [[pairsOf(1, 20, sigmoid)], [pairsOf(2, 10, sigmoid)]];
  const first = await fit();
  await gpu.settle();
  const before = gpu.liveBuffers;
  assertEquals(await fit(), first);
  await gpu.settle();
  assertEquals(gpu.liveBuffers, before);
});

gpuTest("the mean over batches weighs every pair alike", async () => {
  using head = rewardHead(gpu, { featureSize: F });
  gpu.write(head.store.get("values.weight").value, Float32Array.from(WEIGHTS));
  const batches = [pairsOf(1, 3, sigmoid), pairsOf(2, 9, sigmoid)];
  const of = (some: readonly FeaturePairs[]) => meanLogLikelihood(gpu, likelihoodUnder(head), some);
  const [small, large] = [await of(batches.slice(0, 1)), await of(batches.slice(1))];
  assertAlmostEquals(await of(batches), (3 * small + 9 * large) / 12, 1e-12);
});

gpuTest("no pairs are refused, and a likelihood that is no number stops the fit", async () => {
  using head = rewardHead(gpu, { featureSize: F });
  const pairs = [pairsOf(1, 3, sigmoid)];
  const run = { learner: head, logLikelihood: likelihoodUnder(head), training: pairs, heldOut: pairs };
  const fit = (changes: Partial<typeof run>) => fitPreferences(gpu, { ...run, ...changes }, settings);
  await assertRejects(() => fit({ training: [] }), RangeError, "Cannot fit a reward to no pairs");
  await assertRejects(() => fit({ heldOut: [] }), RangeError, "Cannot take the likelihood of no pairs");
  const bad = [{ ...pairs[0], firstWeights: gpu.upload(Float32Array.of(1, 1, NaN)) }];
  await assertRejects(() => fit({ heldOut: bad }), NonFiniteError, "The log-likelihood of 3 pairs is NaN");
});

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { actionLogProb, hiddenOf } from "../states.ts";
import { allStates } from "../test_objective.ts";
import { packTrajectories, type Trajectory } from "../trajectory_batch.ts";
import { gapAscent, rewardFeatures, rewardFeatureSize } from "./reward_guidance.ts";
import { rewardHead } from "./reward_head.ts";

const gpu = await testGpu();
const TEXTS: readonly Trajectory[] = [{ prompt: [3, 1], response: [5, 9, 2] }, { prompt: [4], response: [7] }];

gpuTest("a reward sees the state after each token, and how likely the token was before it", async () => {
  using backbone = tinyDecoder(gpu);
  const { hiddenSize } = backbone.config;
  const size = rewardFeatureSize(backbone);
  assertEquals(size, hiddenSize + 1);
  using tape = new Tape(gpu);
  const [after, before] = (["after", "before"] as const).map((seen) =>
    packTrajectories(gpu, TEXTS, backbone.layout, { seen })
  );
  const [features, hidden, logProbs] = await gpu.readAll([
    rewardFeatures(tape, backbone, after).value,
    hiddenOf(tape, backbone, after).value,
    actionLogProb(tape, allStates(tape, backbone, before).logits, before).value,
  ]);
  assertEquals(features.length, 4 * size);
  for (let n = 0; n < 4; n++) {
    const seen = [...features.slice(n * size, (n + 1) * size)];
    const expected = [...hidden.slice(n * hiddenSize, (n + 1) * hiddenSize), logProbs[n]];
    seen.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-5, `token ${n}, feature ${i}`));
  }
  assertThrows(() => rewardFeatures(tape, backbone, before), RangeError, "not packed with");
});

gpuTest("a reward of likely tokens tells likely texts from unlikely ones", async () => {
  using backbone = tinyDecoder(gpu);
  using head = rewardHead(gpu, { featureSize: rewardFeatureSize(backbone) });
  const weights = new Float32Array(rewardFeatureSize(backbone));
  weights[weights.length - 1] = 0.1;
  gpu.write(head.store.get("values.weight").value, weights);
  using tape = new Tape(gpu);
  const read = (text: Trajectory) => packTrajectories(gpu, [text], backbone.layout, { seen: "after" });
  const { logits } = allStates(
    tape,
    backbone,
    packTrajectories(gpu, [{ prompt: [3, 1], response: [0] }], backbone.layout),
  );
  const values = [...await gpu.read(logits.value)];
  const [likely, unlikely] = [Math.max(...values), Math.min(...values)].map((value) => values.indexOf(value));
  const settings = { gamma: 1, rewarded: "everyToken" } as const;
  const gap = gapAscent(tape, { backbone, head }, {
    teacher: read({ prompt: [3, 1], response: [likely] }),
    student: read({ prompt: [3, 1], response: [unlikely] }),
  }, settings);
  const logSum = Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
  const reward = (token: number) => Math.tanh(0.1 * (values[token] - logSum));
  assertAlmostEquals((await gpu.read(gap.value.value))[0], reward(likely) - reward(unlikely), 1e-5);
});

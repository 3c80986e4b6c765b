import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { distillation } from "./distillation.ts";
import { collectRollout, miniLlm, type MiniLlmSettings, releaseRollout } from "./minillm.ts";
import { MINILLM_DEFAULTS } from "./test_minillm.ts";
import type { ObjectiveValue } from "./objective.ts";
import { packTrajectories, type Trajectory } from "./trajectory_batch.ts";

// The gradients as numbers are tested in minillm_test.ts; here, what the loss is made of and who learns.
const gpu = await testGpu();
const sampled: readonly Trajectory[] = [
  { prompt: [3, 1], response: [4, 1, 5, 9, 2] },
  { prompt: [6, 5, 3], response: [5] },
  { prompt: [9], response: [7, 9, 3] },
];
const data = packTrajectories(gpu, [{ prompt: [8], response: [9, 7] }, { prompt: [2, 2], response: [1] }], ONE_TEXT);

/** Loss, measures and the gradient of every parameter of the student, one after the other. */
async function evaluate(student: Decoder, write: (tape: Tape) => ObjectiveValue) {
  const { store } = student;
  using tape = new Tape(gpu, { learning: [store] });
  store.zeroGradients();
  const { loss, measures } = write(tape);
  tape.backward(loss);
  const names = Object.keys(measures);
  const [lossValue, ...values] = await gpu.readAll([loss.value, ...names.map((name) => measures[name].value)]);
  const gradients = [...(await store.readGradients()).values()].flatMap((gradient) => [...gradient]);
  return { loss: lossValue[0], measures: Object.fromEntries(names.map((name, i) => [name, values[i][0]])), gradients };
}

async function evaluateMiniLlm(
  players: { student: Decoder; teacher: Decoder },
  change: Partial<MiniLlmSettings> = {},
  withData = true,
) {
  const settings = { ...MINILLM_DEFAULTS, ...change };
  const rollout = collectRollout(gpu, players, sampled, settings);
  const objective = miniLlm(settings);
  const result = await evaluate(
    players.student,
    (tape) => objective(tape, players, { rollout, data: withData ? data : undefined }),
  );
  const [samplerLogProb, rewards, advantages] = await gpu.readAll([
    rollout.samplerLogProb,
    rollout.rewards,
    rollout.advantages,
  ]);
  releaseRollout(gpu, rollout);
  return { ...result, samplerLogProb, rewards, advantages };
}

const meanOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

gpuTest(
  "a student that equals its teacher has no reward, no single-step part, and the gradient of the task alone",
  async () => {
    using student = tinyDecoder(gpu);
    using teacher = tinyDecoder(gpu);
    const players = { student, teacher };
    const { measures, gradients, rewards, advantages } = await evaluateMiniLlm(players);
    assert([...rewards, ...advantages].every((value) => value === 0));
    assertAlmostEquals(measures.reverse_kl, 0, 1e-6);
    assertEquals([Math.abs(measures.policy_loss), measures.reward, measures.clip_fraction], [0, 0, 0]);

    const task = distillation({ distance: { kind: "forwardKl" }, kdRatio: 0.5, temperature: 1 });
    const expected = await evaluate(student, (tape) => task(tape, players, data));
    assertAlmostEquals(measures.loss, expected.loss, 1e-6);
    assert(expected.gradients.some((slope) => Math.abs(slope) > 1e-2));
    gradients.forEach((slope, i) => assertAlmostEquals(slope, expected.gradients[i], 1e-5));
  },
);

gpuTest(
  "the loss is the policy gradient, the single-step part and the weighted task; each can be left out",
  async () => {
    using student = tinyDecoder(gpu);
    using teacher = tinyDecoder(gpu, "llama", { seed: 2, hiddenSize: 24, headSize: 8, numHeads: 3, numKvHeads: 1 });
    const players = { student, teacher };
    const all = await evaluateMiniLlm(players, { taskWeight: 0.3 });
    const { loss, policy_loss, reverse_kl, task_loss, reward } = all.measures;
    assertAlmostEquals(loss, policy_loss + reverse_kl + 0.3 * task_loss, 1e-4);
    assertEquals(loss, all.loss);
    assert(reverse_kl > 0.1 && task_loss > 0.1);
    assertAlmostEquals(reward, meanOf(all.rewards), 1e-4);

    const bare = await evaluateMiniLlm(players, { singleStep: false }, false);
    assertEquals(Object.keys(bare.measures), ["loss", "policy_loss", "reward", "clip_fraction"]);
    assertEquals(bare.loss, bare.measures.policy_loss);
    assertEquals(bare.measures.policy_loss, policy_loss);
  },
);

gpuTest("only the student learns", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  teacher.store.zeroGradients();
  const { gradients } = await evaluateMiniLlm({ student, teacher });
  assert(gradients.some((slope) => Math.abs(slope) > 1e-3));
  for (const gradient of (await teacher.store.readGradients()).values()) assert(gradient.every((slope) => slope === 0));
});

gpuTest("scores are fixed at the collection: what the student becomes changes the ratio, not the reward", async () => {
  using student = tinyDecoder(gpu);
  using later = tinyDecoder(gpu, "llama", { seed: 5 });
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  const settings = { ...MINILLM_DEFAULTS, singleStep: false };
  const rollout = collectRollout(gpu, { student, teacher }, sampled, settings);
  const at = (policy: Decoder) =>
    evaluate(policy, (tape) => miniLlm(settings)(tape, { student: policy, teacher }, { rollout }));
  const [now, moved] = [await at(student), await at(later)];
  assertEquals(moved.measures.reward, now.measures.reward);
  assert(moved.measures.clip_fraction > now.measures.clip_fraction);
  releaseRollout(gpu, rollout);
});

gpuTest(
  "without a mixture the sampler is the student itself, so the first ratio is 1 and nothing is clipped",
  async () => {
    using student = tinyDecoder(gpu);
    using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
    const settings = { mixtureWeight: 0, whitened: false };
    const { measures, advantages } = await evaluateMiniLlm({ student, teacher }, settings);
    assertEquals(measures.clip_fraction, 0);
    const meanAdvantage = meanOf(advantages);
    assertAlmostEquals(measures.policy_loss, -meanAdvantage, 1e-5 * Math.abs(meanAdvantage));
  },
);

gpuTest("a rollout that is released gives back all of its buffers", () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  const cycle = () => {
    releaseRollout(gpu, collectRollout(gpu, { student, teacher }, sampled, MINILLM_DEFAULTS));
    gpu.flush();
    return gpu.liveBuffers;
  };
  const counts = Array.from({ length: 6 }, cycle);
  assertEquals(counts.slice(3), Array(3).fill(counts[2]));
});

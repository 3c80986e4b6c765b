import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import type { Objective } from "./objective.ts";
import { policyDistance } from "./policy_distance.ts";
import { statesOfBoth } from "./states.ts";
import { fineTuning, logitDistillation } from "./supervised.ts";
import { packTrajectories, type TrajectoryBatch } from "./trajectory_batch.ts";

const gpu = await testGpu();
const test = (name: string, fn: () => void | Promise<void>) => Deno.test({ name, sanitizeResources: false, fn });

const batch = packTrajectories(gpu, [
  { prompt: [3, 1, 4], response: [1, 5, 9, 2] },
  { prompt: [6], response: [5, 3] },
  { prompt: [8, 9], response: [7] },
]);
const ACTIONS = [1, 5, 9, 2, 5, 3, 7];

/** The loss, the measures, and the gradient of every parameter of the student, one after the other. */
async function evaluate<Players extends { student: Decoder }>(
  objective: Objective<Players, TrajectoryBatch>,
  players: Players,
) {
  const { store } = players.student;
  using tape = new Tape(gpu, { learning: [store] });
  store.zeroGradients();
  const { loss, measures } = objective(tape, players, batch);
  tape.backward(loss);
  const names = Object.keys(measures);
  const [lossValue, ...values] = await gpu.readAll([loss.value, ...names.map((name) => measures[name].value)]);
  const gradients = [...(await store.readGradients()).values()].flatMap((gradient) => [...gradient]);
  return { loss: lossValue[0], measures: Object.fromEntries(names.map((name, i) => [name, values[i][0]])), gradients };
}

/** log π(a | s) of every state and action, by float64 from a model's logits. */
async function logProbabilities(model: Decoder): Promise<number[][]> {
  const { vocabSize } = model.config;
  using tape = new Tape(gpu);
  const all = await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value);
  const states = await gpu.read(batch.states);
  return [...states].map((state) => {
    const logits = [...all.subarray(state * vocabSize, (state + 1) * vocabSize)];
    const largest = Math.max(...logits);
    const logSum = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return logits.map((logit) => logit - logSum);
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const crossEntropyOf = (logPolicy: number[][]) => mean(ACTIONS.map((action, n) => -logPolicy[n][action]));
const divergence = (teacher: number[][], student: number[][]) =>
  mean(teacher.map((row, n) => sum(row.map((logP, a) => Math.exp(logP) * (logP - student[n][a])))));

test("the cross-entropy of a model whose logits are all equal is log V", async () => {
  using student = tinyDecoder(gpu);
  gpu.clear(student.store.get("model.norm.weight").value);
  const { loss, measures } = await evaluate(fineTuning, { student });
  assertAlmostEquals(loss, Math.log(33), 1e-6);
  assertEquals(measures, { loss });
});

test("cross-entropy is the mean of −log π over the response tokens", async () => {
  using student = tinyDecoder(gpu);
  const { loss } = await evaluate(fineTuning, { student });
  assertAlmostEquals(loss, crossEntropyOf(await logProbabilities(student)), 1e-5 * loss);
});

test("distillation is 0, with no gradient, where student and teacher are equal", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu);
  for (const temperature of [1, 3]) {
    const { loss, gradients } = await evaluate(logitDistillation({ kdRatio: 1, temperature }), { student, teacher });
    assertAlmostEquals(loss, 0, 1e-6);
    assert(gradients.every((gradient) => Math.abs(gradient) < 1e-5));
  }
});

test("distillation at temperature 1 is the mean forward KL, and gives the teacher no gradient", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2, hiddenSize: 24, headSize: 8, numHeads: 3, numKvHeads: 1 });
  teacher.store.zeroGradients();
  const { loss, measures, gradients } = await evaluate(logitDistillation({ kdRatio: 1, temperature: 1 }), {
    student,
    teacher,
  });
  const expected = divergence(await logProbabilities(teacher), await logProbabilities(student));
  assertAlmostEquals(loss, expected, 1e-5 * expected);
  assert(expected > 0.1);
  assertEquals(measures, { loss });
  assert(gradients.some((gradient) => Math.abs(gradient) > 1e-3));
  for (const gradient of (await teacher.store.readGradients()).values()) assert(gradient.every((value) => value === 0));
});

test("kdRatio mixes cross-entropy and divergence, in loss and gradient", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  const players = { student, teacher };
  const crossEntropy = await evaluate(fineTuning, players);
  const kl = await evaluate(logitDistillation({ kdRatio: 1, temperature: 1 }), players);
  for (const kdRatio of [0, 0.25, 0.5]) {
    const mixed = await evaluate(logitDistillation({ kdRatio, temperature: 1 }), players);
    assertAlmostEquals(mixed.loss, (1 - kdRatio) * crossEntropy.loss + kdRatio * kl.loss, 1e-5);
    assertEquals(mixed.measures, { loss: mixed.loss, forward_kl: kl.loss });
    mixed.gradients.forEach((gradient, i) =>
      assertAlmostEquals(gradient, (1 - kdRatio) * crossEntropy.gradients[i] + kdRatio * kl.gradients[i], 1e-5)
    );
  }
});

test("the distance of policies is 2·TV and the student's entropy, mean over response tokens", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  const [p, q] = [await logProbabilities(teacher), await logProbabilities(student)];
  using tape = new Tape(gpu);
  const distance = policyDistance(tape, statesOfBoth(tape, { student, teacher }, batch), batch);
  const [[twoTv], [entropy]] = await gpu.readAll([distance.two_tv.value, distance.entropy.value]);
  const l1 = mean(p.map((row, n) => sum(row.map((logP, a) => Math.abs(Math.exp(logP) - Math.exp(q[n][a]))))));
  assertAlmostEquals(twoTv, l1, 1e-5);
  assertAlmostEquals(entropy, mean(q.map((row) => -sum(row.map((logQ) => Math.exp(logQ) * logQ)))), 1e-5);
  assert(l1 > 0.1 && l1 < 2);
});

test("equal policies have distance 0, and equal logits the entropy log V", async () => {
  using student = tinyDecoder(gpu);
  gpu.clear(student.store.get("model.norm.weight").value);
  using tape = new Tape(gpu);
  const distance = policyDistance(tape, statesOfBoth(tape, { student, teacher: student }, batch), batch);
  const [[twoTv], [entropy]] = await gpu.readAll([distance.two_tv.value, distance.entropy.value]);
  assertEquals(twoTv, 0);
  assertAlmostEquals(entropy, Math.log(33), 1e-6);
});

test("a teacher of another vocabulary is refused in one line with both sizes", () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "gpt2");
  const refused = (write: (tape: Tape) => unknown) => {
    using tape = new Tape(gpu, { learning: [student.store] });
    assertThrows(
      () => write(tape),
      InputError,
      "The student's vocabulary has 33 tokens but its teacher's 29; they must be the same",
    );
  };
  const players = { student, teacher };
  refused((tape) => logitDistillation({ kdRatio: 0.5, temperature: 1 })(tape, players, batch));
  refused((tape) => statesOfBoth(tape, players, batch));
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { Critic } from "#lib/models/critic.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { distillation } from "#lib/objectives/distillation.ts";
import { type MomentSettings, studentObjective } from "#lib/objectives/moment_matching.ts";
import type { Objective } from "#lib/objectives/objective.ts";
import { dpkd } from "#lib/objectives/preference/dpkd.ts";
import { dpo } from "#lib/objectives/preference/dpo.ts";
import { packPairMicroBatches } from "#lib/objectives/preference/pair_batch.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packMicroBatches, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { AdamW } from "./adam_w.ts";
import { runTrial } from "./test_moment_trial.ts";
import { updateStep } from "./update_step.ts";

const gpu = await testGpu();

/** Of lengths so different that a mean of means would be another number. */
const TEXTS: readonly Trajectory[] = [[1, 5, 9, 2, 6, 5], [7], [8, 9], [3, 2, 3], [4]].map((response, i) => ({
  prompt: [3 + i, 1],
  response,
}));
const PAIRS = [0, 1, 2, 3].map((i) => ({
  prompt: [3 + i],
  texts: [TEXTS[i].response, TEXTS[i + 1].response] as const,
  label: [1, 0, 0.7, 1][i],
}));
const MOMENTS: MomentSettings = {
  ...{ beta: 0.3, gamma: 0.9, features: "both", moments: "sampled", horizon: "rewardToGo" },
  ...{ baseline: "none", sftWeight: 0.5 },
};

function playersOf(device: Gpu) {
  const critic = (seed: number) => {
    const draw = tinyDraws(seed);
    return new Critic(device, { featureSize: 32, vocabSize: 33, head: "linear", bound: "tanh" }, draw);
  };
  return {
    student: tinyDecoder(device, "llama", { spread: 1 }),
    teacher: tinyDecoder(device, "llama", { seed: 2, spread: 1 }),
    reference: tinyDecoder(device, "llama", { seed: 3, spread: 1 }),
    offPolicyCritic: critic(4),
    onPolicyCritic: critic(5),
  };
}
type Players = ReturnType<typeof playersOf>;

/** Numbers about 0 that differ. */
function tinyDraws(seed: number): () => number {
  let drawn = 0;
  return () => Math.sin(++drawn * (seed + 0.7));
}

/** An objective with the micro-batches of one step, of so many texts at most. */
interface Case {
  readonly objective: Objective<Players, never>;
  readonly batches: (textsAtOnce?: number) => readonly object[];
}

const OF_TEXTS = (textsAtOnce?: number) => packMicroBatches(gpu, TEXTS, ONE_TEXT, {}, textsAtOnce);
const OF_PAIRS = (textsAtOnce?: number) => packPairMicroBatches(gpu, PAIRS, ONE_TEXT, textsAtOnce);
const OF_SIDES = (textsAtOnce?: number) => {
  const side = () => packMicroBatches(gpu, TEXTS, ONE_TEXT, { gamma: 0.9 }, textsAtOnce);
  const [offPolicy, onPolicy, data] = [side(), side(), OF_TEXTS(textsAtOnce)];
  return offPolicy.map((batch, i) => ({ offPolicy: batch, onPolicy: onPolicy[i], data: data[i] }));
};

const CASES: Readonly<Record<string, Case>> = {
  distillation: {
    objective: distillation({ distance: { kind: "jensenShannon", weight: 0.3 }, kdRatio: 0.4, temperature: 1 }),
    batches: OF_TEXTS,
  },
  ammd: { objective: studentObjective(MOMENTS), batches: OF_SIDES },
  dpo: { objective: dpo({ beta: 0.3 }), batches: OF_PAIRS },
  dpkd: { objective: dpkd({ beta: 0.3, taskWeight: 0.5 }), batches: OF_PAIRS },
};

/** The measures and gradients of a step whose texts are read so many at once. */
async function stepOf({ objective, batches }: Case, textsAtOnce?: number) {
  using stack = new DisposableStack();
  const players = playersOf(gpu);
  for (const player of Object.values(players)) stack.use(player);
  using optimizer = new AdamW(gpu, players.student.store, { betas: [0, 0], eps: 1, weightDecay: 0 });
  const parts = batches(textsAtOnce);
  const terms = parts.map((batch) => (tape: Tape) => objective(tape, players, batch as never));
  const measures = await updateStep(gpu, [{ optimizer, learningRate: 0 }], terms);
  const names = Object.keys(measures);
  const values = await gpu.readAll(Object.values(measures));
  for (const tensor of Object.values(measures)) gpu.release(tensor);
  const gradients = [...(await players.student.store.readGradients()).values()].flatMap((gradient) => [...gradient]);
  return { parts: parts.length, measures: Object.fromEntries(names.map((name, i) => [name, values[i][0]])), gradients };
}

/** @param scale of the numbers; default the largest */
function assertEqualTo(actual: readonly number[], expected: readonly number[], what: string, scale?: number): void {
  const largest = scale ?? Math.max(...expected.map(Math.abs));
  assert(largest > 0, `${what} is nothing`);
  const error = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]))) / largest;
  assert(error <= 1e-6, `${what}: ${error} of the largest`);
}

for (const [name, each] of Object.entries(CASES)) {
  gpuTest(`${name}: micro-batches give the loss, measures and gradients of the whole step (1e-6)`, async () => {
    const whole = await stepOf(each);
    assertEquals(whole.parts, 1);
    for (const textsAtOnce of [2, 3]) {
      const parts = await stepOf(each, textsAtOnce);
      assert(parts.parts >= 2, `${parts.parts} micro-batches`);
      assertEqualTo(parts.gradients, whole.gradients, `gradients by ${textsAtOnce}`);
      for (const [measure, value] of Object.entries(whole.measures)) {
        // Means of terms about 1, some of which cancel.
        assertEqualTo([parts.measures[measure]], [value], `${measure} by ${textsAtOnce}`, Math.max(1, Math.abs(value)));
      }
    }
  });
}

gpuTest("the buffers of a step are those of a micro-batch", async () => {
  const texts = Array.from({ length: 16 }, () => ({ prompt: [1], response: new Array<number>(32).fill(3) }));
  const peakOf = async (textsAtOnce?: number) => {
    await using own = await Gpu.open();
    using student = tinyDecoder(own);
    using optimizer = new AdamW(own, student.store, { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0 });
    const parts = packMicroBatches(own, texts, ONE_TEXT, {}, textsAtOnce);
    const before = own.peakBytes;
    await updateStep(
      own,
      [{ optimizer, learningRate: 0 }],
      parts.map((batch) => (tape) => fineTuning(tape, { student }, batch)),
    );
    return own.peakBytes - before;
  };
  const [whole, parts] = [await peakOf(), await peakOf(4)];
  assert(parts < 0.4 * whole, `${parts} of ${whole} bytes`);
});

const lossesOf = (rows: Awaited<ReturnType<typeof runTrial>>["rows"]) =>
  rows.filter(({ measure }) => /loss|d_o|two_tv/.test(measure)).map(({ value }) => value);

gpuTest("the adversarial loop steps on micro-batches as on whole steps, in critics and student", async () => {
  const settings = { sftWeight: 0.5, criticWarmupSteps: 1 };
  const [whole, parts, again] = [
    await runTrial({ settings, logEvery: 1, knowsStates: true }),
    await runTrial({ settings, logEvery: 1, knowsStates: true, memory: { textsAtOnce: 1 } }),
    await runTrial({ settings, logEvery: 1, knowsStates: true, memory: { textsAtOnce: 1, recompute: true } }),
  ];
  const [expected, actual] = [lossesOf(whole.rows), lossesOf(parts.rows)];
  assert(expected.length >= 12);
  // Adam's first steps take the sign of a gradient, so that rounding shows from the second round on.
  expected.forEach((value, i) =>
    assert(Math.abs(actual[i] - value) <= 2e-4 * Math.max(1, Math.abs(value)), `row ${i}`)
  );
  assertEquals(again.rows, parts.rows);
  assertEquals(again.end, parts.end);
});

gpuTest("what is no sum over the texts of a step refuses to read some of them", async () => {
  const memory = { textsAtOnce: 1 };
  for (
    const [trial, who] of [
      [{ settings: { horizon: "rewardToGo", baseline: "whitened" } }, "the baseline whitened"],
      [{ held: { pairs: PAIRS, slackPerPair: 0.1, multiplierRate: 1 } }, "a critic that is held in a confidence set"],
    ] as const
  ) {
    await assertRejects(
      () => runTrial({ ...trial, memory }),
      InputError,
      `optimizer.textsAtOnce: ${who} needs all texts of a step at once; leave the setting out`,
    );
  }
});

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { Critic } from "#lib/models/critic.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { normal } from "#lib/nn/parameter_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { Distance } from "./distance.ts";
import { distillation } from "./distillation.ts";
import { KnownStates } from "./known_states.ts";
import { collectRollout, miniLlm, type MiniLlmSettings, releaseRollout } from "./minillm.ts";
import { type MomentSettings, studentObjective } from "./moment_matching.ts";
import { criticObjective } from "./test_critics.ts";
import type { ObjectiveValue } from "./objective.ts";
import { allStates } from "./test_objective.ts";
import { RatioCritic, ratioStudentObjective } from "./ratio_critic.ts";
import { fineTuning } from "./supervised.ts";
import { packTrajectories, releaseBatch } from "./trajectory_batch.ts";

// The objectives know states and actions, not architectures: what is tested of them on decoders holds here if an encoder-decoder's
// states, actions and gradients are right.

const gpu = await testGpu();
const texts = [
  { prompt: [5, 9, 2, 30], response: [4, 8, 1] },
  { prompt: [7], response: [1] },
  { prompt: [3, 3, 12, 6, 9], response: [11, 2, 2, 20, 1] },
];
const student = tinyEncoderDecoder(gpu, { spread: 1 });
const teacher = tinyEncoderDecoder(gpu, {
  seed: 2,
  spread: 1,
  hiddenSize: 20,
  numHeads: 2,
  numLayers: 1,
  numDecoderLayers: 2,
});
const batch = packTrajectories(gpu, texts, student.layout);

gpuTest(
  "an encoder-decoder's batch: prompts to the encoder, responses behind the start token, each state at the token before",
  async () => {
    const { tokens, states, actions } = batch;
    const [source, sourceSpans, read, spans, rows, taken] = await gpu.readAll([
      ...[tokens.source!.tokenIds, tokens.source!.spans, tokens.tokenIds, tokens.spans, states, actions],
    ]);
    assertEquals([...source], [5, 9, 2, 30, 0, 7, 0, 0, 0, 0, 3, 3, 12, 6, 9]);
    assertEquals([...sourceSpans], [0, 4, 0, 1, 0, 5]);
    assertEquals([...read], [0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 11, 2, 2, 20]);
    assertEquals([...spans], [0, 3, 0, 1, 0, 5]);
    assertEquals([...rows], [0, 1, 2, 5, 10, 11, 12, 13, 14]);
    assertEquals([...taken], [4, 8, 1, 1, 11, 2, 2, 20, 1]);
  },
);

const moments: MomentSettings = {
  beta: 0.5,
  gamma: 1,
  // The critics see nothing of the student, so that its loss has a slope through its policy alone.
  features: "teacher",
  moments: "full",
  horizon: "immediate",
  baseline: "none",
  sftWeight: 0.5,
};
const minillm: MiniLlmSettings = {
  mixtureWeight: 0.2,
  rewardScale: 0.5,
  rewardClip: 100,
  gamma: 0.95,
  inclusive: true,
  lengthNormalized: true,
  whitened: true,
  clipRange: 0.2,
  ppoEpochs: 1,
  rolloutBatches: 1,
  singleStep: true,
  taskWeight: 1,
  taskKdRatio: 0.5,
};

function critic(seed: number): Critic {
  const random = new RandomStream(seed, "critic");
  const config = { featureSize: 20, vocabSize: student.config.vocabSize, head: "mlp", bound: "tanh" } as const;
  const made = new Critic(gpu, config, () => random.normal());
  for (const { name, shape } of made.store.parameters.values()) {
    made.store.writeRows(name, 0, normal(0.3)(elementCount(shape), () => random.normal()));
  }
  return made;
}
const critics = { offPolicyCritic: critic(1), onPolicyCritic: critic(2) };

/** Every objective that a student descends. */
const DISTANCES: readonly Distance[] = [
  ...(["forwardKl", "reverseKl", "totalVariation"] as const).map((kind) => ({ kind })),
  { kind: "jensenShannon", weight: 0.5 },
  { kind: "skewForwardKl", skew: 0.1 },
  { kind: "skewReverseKl", skew: 0.1 },
  { kind: "alphaBeta", alpha: 0.2, beta: 0.7 },
  { kind: "adaptiveKl", headMass: 0.5 },
];
const OBJECTIVES: Readonly<Record<string, (tape: Tape) => ObjectiveValue>> = {
  "fine-tuning": (tape) => fineTuning(tape, { student }, batch),
  ...Object.fromEntries(DISTANCES.map((distance) => [
    distance.kind,
    (tape: Tape) => distillation({ distance, kdRatio: 0.7, temperature: 1 })(tape, { student, teacher }, batch),
  ])),
  ...Object.fromEntries((["immediate", "rewardToGo"] as const).map((horizon) => [
    `moment matching, ${horizon}`,
    (tape: Tape) =>
      studentObjective({ ...moments, horizon })(tape, { student, teacher, ...critics }, {
        offPolicy: batch,
        onPolicy: batch,
        data: batch,
      }),
  ])),
};

async function lossAndGradients(objective: (tape: Tape) => ObjectiveValue) {
  using tape = new Tape(gpu, { learning: [student.store] });
  student.store.zeroGradients();
  const { loss } = objective(tape);
  tape.backward(loss);
  const [[value]] = await gpu.readAll([loss.value]);
  return { value, gradients: await student.store.readGradients() };
}

/** The loss at parameters moved along a direction by so much. */
async function lossAlong(
  objective: (tape: Tape) => ObjectiveValue,
  direction: Map<string, Float32Array>,
  step: number,
) {
  const before = await student.store.read();
  for (const [name, values] of before) {
    gpu.write(student.store.get(name).value, values.map((value, i) => value + step * direction.get(name)![i]));
  }
  using tape = new Tape(gpu);
  const [value] = await gpu.read(objective(tape).loss.value);
  for (const [name, values] of before) gpu.write(student.store.get(name).value, values);
  return value;
}

for (const [name, objective] of Object.entries(OBJECTIVES)) {
  gpuTest(
    `an encoder-decoder learns by ${name}: its gradient is the slope of the loss, and the same twice`,
    async () => {
      const { value, gradients } = await lossAndGradients(objective);
      const again = await lossAndGradients(objective);
      assertEquals(again.value, value);
      assertEquals(again.gradients, gradients);
      const norm = Math.hypot(...[...gradients.values()].flatMap((gradient) => [...gradient]));
      assert(norm > 1e-4 && Number.isFinite(norm), `${norm}`);
      // Everything that the loss depends on learns, in both stacks.
      for (const [parameter, gradient] of gradients) assert(gradient.some((slope) => slope !== 0), parameter);
      if (name.endsWith("rewardToGo")) return; // a number with the right gradient, whose value is another matter
      const direction = new Map([...gradients].map(([key, gradient]) => [key, gradient.map((slope) => slope / norm)]));
      const step = 2e-2 / Math.max(1, norm);
      const [up, down] = [await lossAlong(objective, direction, step), await lossAlong(objective, direction, -step)];
      assertAlmostEquals((up - down) / (2 * step) / norm, 1, 2e-2);
    },
  );
}

gpuTest("an encoder-decoder descends 2 KL(p ‖ (p + q)/2) under the ratio critic", async () => {
  using critic = new RatioCritic(gpu, { c: 0.5 });
  const byCritic = await lossAndGradients((tape) =>
    ratioStudentObjective({ beta: 0.5, sftWeight: 0 })(tape, { student, teacher, critic }, {
      offPolicy: batch,
      onPolicy: batch,
    })
  );
  const distance = { kind: "skewForwardKl", skew: 0.5 } as const;
  const byDistance = await lossAndGradients((tape) =>
    distillation({ distance, kdRatio: 1, temperature: 1 })(tape, { student, teacher }, batch)
  );
  for (const [name, gradient] of byDistance.gradients) {
    const allowed = 1e-4 * Math.max(...gradient.map(Math.abs)) + 1e-8;
    byCritic.gradients.get(name)!.forEach((slope, i) => assertAlmostEquals(slope, 2 * gradient[i], allowed, name));
  }
});

gpuTest("an encoder-decoder's critics ascend on both moments", async () => {
  using tape = new Tape(gpu, { learning: [critics.offPolicyCritic.store, critics.onPolicyCritic.store] });
  for (const { store } of Object.values(critics)) store.zeroGradients();
  const players = { student, teacher, ...critics };
  const { loss, measures } = criticObjective(moments)(tape, players, { offPolicy: batch, onPolicy: batch });
  tape.backward(loss);
  const names = ["d_off", "d_on", "two_tv_off", "two_tv_on"];
  const [off, on, twoTvOff, twoTvOn] = (await gpu.readAll(names.map((name) => measures[name].value))).map(([value]) =>
    value
  );
  assertEquals(twoTvOff, twoTvOn);
  assert(Math.abs(off) <= twoTvOff && Math.abs(on) <= twoTvOn);
  const gradients = await critics.onPolicyCritic.store.readGradients();
  assert([...gradients.values()].every((gradient) => gradient.some((slope) => slope !== 0)));
});

gpuTest("MiniLLM scores an encoder-decoder's rollouts and learns from them", async () => {
  const rollout = collectRollout(gpu, { student, teacher }, texts, minillm);
  const { value, gradients } = await lossAndGradients((tape) =>
    miniLlm(minillm)(tape, { student, teacher }, { rollout, data: batch })
  );
  assert(Number.isFinite(value) && [...gradients.values()].every((gradient) => gradient.some((slope) => slope !== 0)));
  releaseRollout(gpu, rollout);
});

gpuTest("remembered states of an encoder-decoder are those of any batch, to the bit", async () => {
  using known = (await KnownStates.of(gpu, teacher, texts))!;
  using tape = new Tape(gpu);
  const looked = { ...packTrajectories(gpu, texts, teacher.layout), known: [known.lookUp(texts)] };
  const [remembered, anew] = await gpu.readAll(
    [allStates(tape, teacher, looked), allStates(tape, teacher, batch)].map(({ logits }) => logits.value),
  );
  assertEquals(remembered, anew);
  releaseBatch(gpu, looked);
});

gpuTest("an encoder-decoder and a decoder cannot be student and teacher", () => {
  using decoder = tinyDecoder(gpu, "llama", { vocabSize: student.config.vocabSize });
  using tape = new Tape(gpu);
  const objective = distillation({ distance: { kind: "forwardKl" }, kdRatio: 1, temperature: 1 });
  assertThrows(() => objective(tape, { student, teacher: decoder }, batch), InputError, "one is an encoder-decoder");
});

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { Critic } from "#lib/models/critic.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { type MomentBatch, type MomentPlayers, type MomentSettings, studentObjective } from "./moment_matching.ts";
import type { Objective } from "./objective.ts";
import { fineTuning } from "./supervised.ts";
import { packTrajectories } from "./trajectory_batch.ts";
import { criticObjective } from "./test_critics.ts";

// The moments as numbers are tested in moment_matching_test.ts; here, who gets which gradient.
const gpu = await testGpu();
const settings: MomentSettings = {
  beta: 0.5,
  gamma: 1,
  features: "student",
  moments: "sampled",
  horizon: "immediate",
  baseline: "none",
  sftWeight: 0.5,
};
const offPolicy = packTrajectories(
  gpu,
  [{ prompt: [3, 1], response: [4, 1, 5] }, { prompt: [9], response: [2] }],
  ONE_TEXT,
);
const onPolicy = packTrajectories(gpu, [{ prompt: [6, 5], response: [3, 5] }], ONE_TEXT);
const data = packTrajectories(gpu, [{ prompt: [8], response: [9, 7] }], ONE_TEXT);

interface Players extends MomentPlayers, Disposable {}

/** A student, a teacher of another hidden size, and critics that are not 0. */
function openPlayers({ features, teacher = 24 }: { features: MomentSettings["features"]; teacher?: number }): Players {
  const [student, larger] = [16, teacher];
  const featureSize = { student, teacher: larger, both: student + larger }[features];
  const critic = (seed: number) => {
    const made = new Critic(gpu, { featureSize, vocabSize: 33, head: "linear", bound: "tanh" }, () => 0);
    const count = 33 * featureSize;
    gpu.write(
      made.store.get("values.weight").value,
      Float32Array.from({ length: count }, (_, i) => 0.1 * Math.sin(seed * i + 1)),
    );
    return made;
  };
  const players = {
    student: tinyDecoder(gpu),
    teacher: tinyDecoder(gpu, "llama", { seed: 2, hiddenSize: teacher, numHeads: 3, headSize: 8, numKvHeads: 1 }),
    offPolicyCritic: critic(2),
    onPolicyCritic: critic(3),
  };
  return {
    ...players,
    [Symbol.dispose]: () => Object.values(players).forEach((player: Decoder | Critic) => player[Symbol.dispose]()),
  };
}

type Gradients = Map<string, Float32Array>;

/** The value of an objective and the gradients of every player's store, with these learning. */
async function evaluate(
  objective: Objective<MomentPlayers, MomentBatch>,
  players: MomentPlayers,
  learning: readonly ParameterStore[],
  batch: MomentBatch,
) {
  const { student, teacher, offPolicyCritic, onPolicyCritic } = players;
  for (const { store } of [student, teacher, offPolicyCritic, onPolicyCritic]) store.zeroGradients();
  using tape = new Tape(gpu, { learning });
  const { loss, measures } = objective(tape, players, batch);
  tape.backward(loss);
  const names = Object.keys(measures);
  const values = await gpu.readAll([loss.value, ...names.map((name) => measures[name].value)]);
  return {
    loss: values[0][0],
    measures: Object.fromEntries(names.map((name, i) => [name, values[i + 1][0]])),
    student: await student.store.readGradients(),
    teacher: await teacher.store.readGradients(),
    offPolicyCritic: await offPolicyCritic.store.readGradients(),
    onPolicyCritic: await onPolicyCritic.store.readGradients(),
  };
}

const largest = (gradients: Gradients) =>
  Math.max(...[...gradients.values()].map((values) => Math.max(...values.map(Math.abs))));

for (const features of ["student", "teacher", "both"] as const) {
  gpuTest(
    `the critics' loss moves the critics alone, the student's the student alone: features ${features}`,
    async () => {
      using players = openPlayers({ features });
      const stores = [players.student.store, players.offPolicyCritic.store, players.onPolicyCritic.store];
      const critics = await evaluate(criticObjective({ ...settings, features }), players, stores.slice(1), {
        offPolicy,
        onPolicy,
      });
      assertEquals([largest(critics.student), largest(critics.teacher)], [0, 0]);
      assert(largest(critics.offPolicyCritic) > 1e-4 && largest(critics.onPolicyCritic) > 1e-4);
      // Though the tape learns the critics too, the student's loss gives them nothing.
      const student = await evaluate(studentObjective({ ...settings, features }), players, stores, {
        offPolicy,
        onPolicy,
        data,
      });
      assertEquals([largest(student.offPolicyCritic), largest(student.onPolicyCritic), largest(student.teacher)], [
        0,
        0,
        0,
      ]);
      assert(largest(student.student) > 1e-4);
    },
  );
}

gpuTest("the critics' loss is minus the sum of the moments, each within 2·TV, and its measures are named", async () => {
  using players = openPlayers({ features: "student" });
  const stores = [players.offPolicyCritic.store, players.onPolicyCritic.store];
  const full = criticObjective({ ...settings, moments: "full" });
  const { loss, measures } = await evaluate(full, players, stores, { offPolicy, onPolicy });
  assertEquals(Object.keys(measures), ["critic_loss", "d_off", "two_tv_off", "d_on", "two_tv_on"]);
  assertAlmostEquals(loss, -measures.d_off - measures.d_on, 1e-6);
  assertEquals(measures.critic_loss, loss);
  for (const side of ["off", "on"]) {
    assert(measures[`d_${side}`] !== 0 && Math.abs(measures[`d_${side}`]) <= measures[`two_tv_${side}`]);
  }
});

gpuTest("without one side's texts its critic gets nothing and its measures are absent", async () => {
  using players = openPlayers({ features: "student" });
  const stores = [players.offPolicyCritic.store, players.onPolicyCritic.store];
  const off = await evaluate(criticObjective(settings), players, stores, { offPolicy });
  assertEquals(Object.keys(off.measures), ["critic_loss", "d_off", "two_tv_off"]);
  assertEquals(largest(off.onPolicyCritic), 0);
  const on = await evaluate(criticObjective(settings), players, stores, { onPolicy });
  assertEquals(Object.keys(on.measures), ["critic_loss", "d_on", "two_tv_on"]);
  assertEquals(largest(on.offPolicyCritic), 0);
});

gpuTest("the student's gradient is β off-policy + (1 − β) on-policy + sftWeight cross-entropy", async () => {
  using players = openPlayers({ features: "student" });
  const { student } = players;
  const gradientOf = async (change: Partial<MomentSettings>, batch: MomentBatch) =>
    await evaluate(studentObjective({ ...settings, ...change }), players, [student.store], batch);
  const off = await gradientOf({ beta: 1 }, { offPolicy });
  const on = await gradientOf({ beta: 0 }, { onPolicy });
  const supervised = await evaluate(
    (tape, players, { data }) => fineTuning(tape, players, data!),
    players,
    [student.store],
    { data },
  );
  const mixed = await gradientOf({ beta: 0.3, sftWeight: 0.2 }, { offPolicy, onPolicy, data });
  for (const [name, values] of mixed.student) {
    values.forEach((value, i) => {
      const parts = [off, on, supervised].map((part) => part.student.get(name)![i]);
      assertAlmostEquals(value, 0.3 * parts[0] + 0.7 * parts[1] + 0.2 * parts[2], 2e-5, `${name}[${i}]`);
    });
  }
  assert([off, on, supervised].every((part) => largest(part.student) > 1e-3));
});

gpuTest("a batch without any texts, and a teacher of another vocabulary, are refused", () => {
  using players = openPlayers({ features: "student" });
  using tape = new Tape(gpu, { learning: [players.student.store] });
  assertThrows(() => studentObjective(settings)(tape, players, {}), RangeError, "Cannot combine no terms");
  using teacher = tinyDecoder(gpu, "gpt2");
  for (const objective of [criticObjective(settings), studentObjective(settings)]) {
    assertThrows(
      () => objective(tape, { ...players, teacher }, { offPolicy }),
      InputError,
      "The student's vocabulary has 33 tokens but its teacher's 29; they must be the same",
    );
  }
});

gpuTest("a critic of another feature size than the policies give is refused", () => {
  using players = openPlayers({ features: "teacher" });
  using tape = new Tape(gpu);
  assertThrows(
    () => criticObjective({ ...settings, features: "student" })(tape, players, { offPolicy }),
    RangeError,
    "Cannot run the critic: features are [4,16], but F is 24",
  );
});

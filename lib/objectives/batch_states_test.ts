import { assert, assertEquals, assertThrows } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuForms } from "#kernels/runtime/tuning.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { BatchStates } from "./batch_states.ts";
import { distillation } from "./distillation.ts";
import { valuedBy } from "./critic_view.ts";
import { offPolicyMoment, studentObjective } from "./moment_matching.ts";
import type { ObjectiveValue } from "./objective.ts";
import { hiddenOf, meanOverTokens, statesOf, statesOfBoth, surprise } from "./states.ts";
import { criticObjective } from "./test_critics.ts";
import { EVERY_OBJECTIVE, EveryPlayer, ofMoments, stepOf } from "./test_every_objective.ts";
import { packTrajectories, type Trajectory, type TrajectoryBatch } from "./trajectory_batch.ts";

/** Bytes of the logits of so many states. */
const logitsOfStates = (states: number, vocabSize = 33) => 4 * vocabSize * states;

const whole = await testGpu();
/** The 29 states of the texts, and the 31 of the pairs, in three groups each. */
const IN_PARTS = { logitsBytes: logitsOfStates(11) };
const inParts = await testGpu(IN_PARTS);

function assertNear(actual: ReadonlyMap<string, Float32Array>, expected: ReadonlyMap<string, Float32Array>): void {
  const largest = Math.max(...[...expected.values()].flatMap((values) => [...values].map(Math.abs)));
  assert(largest > 0, "there is no gradient");
  for (const [name, values] of expected) {
    values.forEach((value, i) => {
      const error = Math.abs(actual.get(name)![i] - value) / largest;
      assert(error <= 1e-6, `${name}[${i}]: ${error} of the largest gradient`);
    });
  }
}

gpuTest("some states at a time give loss and measures to the bit in the forms of kernels that GPUs run", async () => {
  const [all, parts] = [await testGpu(gpuForms()), await testGpu({ ...gpuForms(), ...IN_PARTS })];
  for (const name of ["adaptive KL and cross-entropy", "ammd, full moments", "dpo"]) {
    const objective = EVERY_OBJECTIVE[name];
    const [expected, actual] = [await stepOf(all, objective), await stepOf(parts, objective)];
    assertEquals(actual.measures, expected.measures);
    assertNear(actual.gradients, expected.gradients);
  }
});

for (const [name, objective] of Object.entries(EVERY_OBJECTIVE)) {
  gpuTest(`${name}: some states at a time give the same loss and measures to the bit, and every gradient`, async () => {
    const [expected, actual, again] = [
      await stepOf(whole, objective),
      await stepOf(inParts, objective),
      await stepOf(inParts, objective),
    ];
    assertEquals(actual.loss, expected.loss);
    assertEquals(actual.measures, expected.measures);
    assertNear(actual.gradients, expected.gradients);
    assertEquals(again, actual);
  });
}

/** Texts of N response tokens in all, 32 each. */
function textsOf(count: number): Trajectory[] {
  const response = Array.from({ length: 32 }, (_, t) => 1 + t * t % 30);
  return Array.from({ length: count / 32 }, (_, i) => ({ prompt: [1 + i % 7], response }));
}

gpuTest("groups are as large as one another, and run again in backward, the last first", () => {
  const sizes: number[] = [];
  using players = new EveryPlayer(inParts);
  const { student } = players;
  const batch = packTrajectories(inParts, textsOf(32), ONE_TEXT);
  student.store.zeroGradients();
  using tape = new Tape(inParts, { learning: [student.store] });
  const { surprises } = statesOf(tape, { student }, batch).each(
    { actions: batch.actions },
    (tape, { student }, rows) => {
      assertEquals(rows.actions.shape, [student.logits.value.shape[0]]);
      sizes.push(student.logits.value.shape[0]);
      return { surprises: surprise(tape, student.logits, rows) };
    },
  );
  assertEquals(surprises.value.shape, [32]);
  assertEquals(sizes, [10, 11, 11]);
  tape.backward(meanOverTokens(tape, surprises, batch));
  assertEquals(sizes, [10, 11, 11, 11, 11, 10]);
});

gpuTest("states held on another tape are the same, and nothing learns through them but the critic", async () => {
  const moments: number[] = [];
  for (const gpu of [whole, inParts]) {
    using players = new EveryPlayer(gpu);
    const { student, teacher, offPolicyCritic: critic } = players;
    const batch = packTrajectories(gpu, textsOf(32), ONE_TEXT);
    using seeing = new Tape(gpu, { learning: [student.store] });
    const states = statesOfBoth(seeing, { student, teacher }, batch);
    using fitting = new Tape(gpu, { learning: [student.store, critic.store] });
    for (const store of [student.store, critic.store]) store.zeroGradients();
    const views = valuedBy(critic, states.heldOn(fitting), { features: "both" });
    const moment = offPolicyMoment(fitting, views, batch, { moments: "full" });
    fitting.backward(moment);
    moments.push((await gpu.read(moment.value))[0]);
    const largest = async (store: ParameterStore) =>
      Math.max(...[...(await store.readGradients()).values()].flatMap((values) => [...values].map(Math.abs)));
    assert(await largest(critic.store) > 0);
    assertEquals(await largest(student.store), 0);
  }
  assertEquals(moments[1], moments[0]);
});

gpuTest("logits that are known must fit", () => {
  using model = tinyDecoder(inParts);
  using tape = new Tape(inParts);
  const hidden = hiddenOf(tape, model, packTrajectories(inParts, textsOf(32), ONE_TEXT));
  assertThrows(
    () => new BatchStates(tape, { model: { model, hidden, logits: hidden } }),
    RangeError,
    "Cannot take the logits of 32 states at once: they do not fit",
  );
});

/** A vocabulary whose logits outweigh all else of the small models. */
const LARGE = 10_007;
const LIMIT = 2 ** 21;

/** Peak of the buffers of a step, and the largest of them, bytes, beside the players. */
async function bytesOf(count: number, write: (players: EveryPlayer, batch: TrajectoryBatch) => Learned) {
  await using own = await Gpu.open({ tuning: { logitsBytes: LIMIT } });
  let largest = 0;
  using players = new EveryPlayer(own, LARGE);
  const { createBuffer } = own.device;
  own.device.createBuffer = (descriptor) => {
    largest = Math.max(largest, descriptor.size);
    return createBuffer.call(own.device, descriptor);
  };
  const batch = packTrajectories(own, textsOf(count), ONE_TEXT);
  const { store, objective } = write(players, batch);
  store.zeroGradients();
  const before = own.peakBytes;
  {
    using tape = new Tape(own, { learning: [store] });
    tape.backward(objective(tape).loss);
  }
  await own.settle();
  return { peak: own.peakBytes - before, largest };
}

interface Learned {
  readonly store: ParameterStore;
  objective(tape: Tape): ObjectiveValue;
}

const LARGE_CASES: Readonly<Record<string, (players: EveryPlayer, batch: TrajectoryBatch) => Learned>> = {
  distillation: (players, batch) => {
    const objective = distillation({ distance: { kind: "jensenShannon", weight: 0.5 }, kdRatio: 0.5, temperature: 1 });
    return { store: players.student.store, objective: (tape) => objective(tape, players, batch) };
  },
  ammd: (players, batch) => {
    const objective = studentObjective(ofMoments({ beta: 0, sftWeight: 0 }));
    return { store: players.student.store, objective: (tape) => objective(tape, players, { onPolicy: batch }) };
  },
  critics: (players, batch) => {
    const objective = criticObjective(ofMoments({ moments: "full" }));
    return { store: players.onPolicyCritic.store, objective: (tape) => objective(tape, players, { onPolicy: batch }) };
  },
};

for (const [name, write] of Object.entries(LARGE_CASES)) {
  gpuTest(
    `${name}: buffers grow with hidden states, not with logits, and none is over the limit of logits`,
    async () => {
      const [few, many] = [await bytesOf(128, write), await bytesOf(512, write)];
      const logits = 4 * LARGE * (512 - 128);
      // At once, logits of student and teacher and the gradient of one of them are three times as many.
      assert(many.peak - few.peak < 0.3 * logits, `${many.peak - few.peak} bytes more, where logits are ${logits}`);
      assert(many.largest <= LIMIT, `a buffer of ${many.largest} bytes`);
    },
  );
}

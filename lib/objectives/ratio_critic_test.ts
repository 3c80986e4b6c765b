import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { logitsOf } from "./batch_states.ts";
import { type Distance, distanceByToken } from "./distance.ts";
import { linearCombination } from "./linear_combination.ts";
import type { MomentBatch } from "./moment_matching.ts";
import type { Objective } from "./objective.ts";
import { RatioCritic, ratioMoment, type RatioPlayers, ratioStudentObjective } from "./ratio_critic.ts";
import { meanOverTokens, statesOfBoth } from "./states.ts";
import { crossEntropyOf } from "./supervised.ts";
import { packTrajectories } from "./trajectory_batch.ts";

const gpu = await testGpu();
const pack = (texts: Parameters<typeof packTrajectories>[1]) => packTrajectories(gpu, texts, ONE_TEXT, { gamma: 0.9 });
const offPolicy = pack([{ prompt: [3, 1], response: [4, 1, 5] }, { prompt: [9], response: [2] }]);
const onPolicy = pack([{ prompt: [6, 5], response: [3, 5] }]);
const data = pack([{ prompt: [8], response: [9, 7] }]);
const batch: MomentBatch = { offPolicy, onPolicy, data };

const student = tinyDecoder(gpu, "llama", { spread: 1 });
const teacher = tinyDecoder(gpu, "llama", { spread: 2, seed: 2 });
const criticOf = (c: number, logScale = 0) => {
  const critic = new RatioCritic(gpu, { c });
  gpu.write(critic.store.get("log_scale").value, Float32Array.of(logScale));
  return critic;
};

/** The loss, the measures and the gradients of the student and of the critic's scale, with these learning. */
async function evaluate(
  objective: Objective<RatioPlayers, MomentBatch>,
  critic: RatioCritic,
  learning: readonly ParameterStore[],
  on = batch,
) {
  for (const store of [student.store, teacher.store, critic.store]) store.zeroGradients();
  using tape = new Tape(gpu, { learning });
  const { loss, measures } = objective(tape, { student, teacher, critic }, on);
  tape.backward(loss);
  const names = Object.keys(measures);
  const values = await gpu.readAll(names.map((name) => measures[name].value));
  return {
    measures: Object.fromEntries(names.map((name, i) => [name, values[i][0]])),
    student: await student.store.readGradients(),
    teacher: await teacher.store.readGradients(),
    scale: (await critic.store.readGradients()).get("log_scale")![0],
  };
}

type Gradients = Map<string, Float32Array>;
const largest = (gradients: Gradients) =>
  Math.max(...[...gradients.values()].flatMap((each) => [...each].map(Math.abs)));

function assertSameGradients(actual: Gradients, expected: Gradients, tolerance: number): void {
  const allowed = tolerance * largest(expected);
  for (const [name, values] of expected) {
    values.forEach((value, i) => assertAlmostEquals(actual.get(name)![i], value, allowed, `${name}[${i}]`));
  }
}

/** Weighted distances on both sides, and ½ cross-entropy on the data. */
const onBothSides =
  (distance: Distance, beta: number): Objective<RatioPlayers, MomentBatch> => (tape, players, given) => {
    const on = (side: "offPolicy" | "onPolicy") => {
      const { distances } = statesOfBoth(tape, players, given[side]!).each({}, (tape, policies) => ({
        distances: distanceByToken(tape, distance, logitsOf(policies)),
      }));
      return meanOverTokens(tape, distances, given[side]!);
    };
    const loss = linearCombination(tape, [
      { weight: 2 * beta, value: on("offPolicy") },
      { weight: 2 * (1 - beta), value: on("onPolicy") },
      { weight: 0.5, value: crossEntropyOf(tape, players.student, given.data!) },
    ]);
    return { loss, measures: { loss } };
  };

gpuTest(
  "at c = 1/2 the student's gradient is that of 2 KL(p ‖ (p + q)/2) on both sides, at a large c that of 2 TV",
  async () => {
    for (const beta of [0.5, 0.25]) {
      for (
        const [c, distance, tolerance] of [
          [0.5, { kind: "skewForwardKl", skew: 0.5 }, 2e-5],
          [1e6, { kind: "totalVariation" }, 2e-5],
        ] as const
      ) {
        using critic = criticOf(c);
        const settings = { beta, sftWeight: 0.5 };
        const own = await evaluate(ratioStudentObjective(settings), critic, [student.store]);
        const distances = await evaluate(onBothSides(distance, beta), critic, [student.store]);
        assert(largest(own.student) > 1e-3);
        assertSameGradients(own.student, distances.student, tolerance);
        assertEquals(largest(own.teacher), 0);
      }
    }
  },
);

gpuTest(
  "the moments lie between 0 and 2 TV, near it at a large c; the loss is what of them the student moves",
  async () => {
    using half = criticOf(0.5);
    using sharp = criticOf(1e6);
    const objective = ratioStudentObjective({ beta: 1, sftWeight: 0 });
    const [soft, hard] = [
      await evaluate(objective, half, [student.store], { offPolicy, onPolicy }),
      await evaluate(objective, sharp, [student.store], { offPolicy, onPolicy }),
    ];
    for (const side of ["off", "on"]) {
      const bound = soft.measures[`two_tv_${side}`];
      assert(soft.measures[`d_${side}`] > 0.01 && soft.measures[`d_${side}`] < bound);
      assertAlmostEquals(hard.measures[`d_${side}`], bound, 1e-5);
    }
    assert(Math.abs(soft.measures.loss) <= 1);
  },
);

gpuTest(
  "a scale that learns ascends on β M_off + (1 − β) M_on, and leaves the student's gradient as it is to the bit",
  async () => {
    const beta = 0.25;
    const objective = ratioStudentObjective({ beta, sftWeight: 0.5 });
    const [logScale, step] = [0.3, 1e-2];
    using critic = criticOf(0.5, logScale);
    const held = await evaluate(objective, critic, [student.store]);
    const learned = await evaluate(objective, critic, [student.store, critic.store]);
    assertEquals(learned.student, held.student);
    assertEquals([held.scale, held.measures.critic_log_scale], [0, undefined]);
    assertAlmostEquals(learned.measures.critic_log_scale, logScale, 1e-6);
    assertEquals(learned.measures.loss, held.measures.loss);
    const moments = async (at: number) => {
      using moved = criticOf(0.5, at);
      using tape = new Tape(gpu);
      const of = ([side, weight]: readonly [typeof offPolicy, number]) => ({
        weight,
        value: ratioMoment(tape, moved, statesOfBoth(tape, { student, teacher }, side), side),
      });
      const both = linearCombination(tape, ([[offPolicy, beta], [onPolicy, 1 - beta]] as const).map(of));
      return (await gpu.read(both.value))[0];
    };
    const slope = (await moments(logScale + step) - await moments(logScale - step)) / (2 * step);
    assert(slope > 1e-3);
    assertAlmostEquals(learned.scale, -slope, 1e-3 * slope);
  },
);

gpuTest("a student that is its teacher finds no moment, and does not move", async () => {
  using critic = criticOf(3);
  for (const store of [student.store, critic.store]) store.zeroGradients();
  using tape = new Tape(gpu, { learning: [student.store, critic.store] });
  const objective = ratioStudentObjective({ beta: 0.5, sftWeight: 0 });
  const { loss, measures } = objective(tape, { student, teacher: student, critic }, { offPolicy, onPolicy });
  tape.backward(loss);
  const values = await gpu.readAll(["loss", "d_off", "d_on"].map((name) => measures[name].value));
  assertEquals(values.map(([value]) => value + 0), [0, 0, 0]);
  assertEquals(largest(await student.store.readGradients()), 0);
});

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { Critic } from "#lib/models/critic.ts";
import { allAtOnce } from "#lib/objectives/critic_view.ts";
import { offPolicyMoment, type ResponseRows } from "#lib/objectives/moment_matching.ts";
import { totalVariationByToken, twoTotalVariation } from "#lib/objectives/policy_distance.ts";
import { fitCritic } from "./fit_critic.ts";

const gpu = await testGpu();
const [STATES, ACTIONS] = [6, 7];
const rows: ResponseRows = {
  actions: gpu.upload(new Uint32Array(STATES)),
  weights: gpu.upload(new Float32Array(STATES).fill(1 / STATES)),
  evenWeights: gpu.upload(new Float32Array(STATES).fill(1 / STATES)),
  rowSpans: gpu.upload(Uint32Array.of(0, STATES), [1, 2]),
};
const logits = (scale: number) =>
  gpu.upload(Float32Array.from({ length: STATES * ACTIONS }, (_, i) => Math.sin(scale * i * i)), [STATES, ACTIONS]);
const [student, teacher] = [logits(1), logits(2)];
/** Every state has a feature of its own, so that a linear critic is a table. */
const features = gpu.upload(
  Float32Array.from({ length: STATES ** 2 }, (_, i) => Number(i % (STATES + 1) === 0)),
  [STATES, STATES],
);

function moment(critic: Critic, of = teacher): (tape: Tape) => Variable {
  return (tape) => {
    const views = allAtOnce(tape, {
      student: { logits: tape.constant(student) },
      teacher: { logits: tape.constant(of) },
      values: critic.values(tape, tape.constant(features)),
    });
    return offPolicyMoment(tape, views, rows, { moments: "full" });
  };
}

async function valueOf(write: (tape: Tape) => Variable): Promise<number> {
  using tape = new Tape(gpu);
  return (await gpu.read(write(tape).value))[0];
}

const newCritic = () =>
  new Critic(gpu, { featureSize: STATES, vocabSize: ACTIONS, head: "linear", bound: "tanh" }, () => 0);
const settings = { learningRate: 0.1, betas: [0.9, 0.98] as const };

gpuTest("a fitted critic comes within 1 % of 2·TV, and never above it", async () => {
  using critic = newCritic();
  const supremum = await valueOf((tape) =>
    twoTotalVariation(
      tape,
      totalVariationByToken(tape, { student: tape.constant(student), teacher: tape.constant(teacher) }),
      rows,
    )
  );
  const course: number[] = [];
  const onStep = async (step: number) => {
    if (step % 50 === 0) course.push(await valueOf(moment(critic)));
  };
  await fitCritic(gpu, critic, moment(critic), { ...settings, steps: 200, onStep });
  assertEquals(course.length, 4);
  assert(course.every((value, i) => i === 0 || value > course[i - 1]));
  assert(course.every((value) => value <= supremum + 1e-6));
  assertAlmostEquals(course[3], supremum, 0.01 * supremum);
});

gpuTest("a critic of two equal policies finds nothing", async () => {
  using critic = newCritic();
  await fitCritic(gpu, critic, moment(critic, student), { ...settings, steps: 20 });
  assertAlmostEquals(await valueOf(moment(critic, student)), 0, 1e-6);
});

gpuTest("no step leaves the critic as it was, and the optimizer's buffers are given back", async () => {
  using critic = newCritic();
  await fitCritic(gpu, critic, moment(critic), { ...settings, steps: 0 });
  assertEquals(await valueOf(moment(critic)), 0);
  await fitCritic(gpu, critic, moment(critic), { ...settings, steps: 2 });
  await gpu.settle();
  const before = gpu.liveBuffers;
  await fitCritic(gpu, critic, moment(critic), { ...settings, steps: 2 });
  await gpu.settle();
  assertEquals(gpu.liveBuffers, before);
});

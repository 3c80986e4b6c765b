import { assert, assertAlmostEquals } from "@std/assert";
import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EnumerableMdp, softmax, type Table } from "./enumerable_mdp.ts";
import { linearCombination } from "./linear_combination.ts";
import { allAtOnce, type CriticView, type CriticViews } from "./critic_view.ts";
import {
  negatedExpectation,
  offPolicyMoment,
  onPolicyGradientTerm,
  onPolicyMoment,
  type ResponseRows,
} from "./moment_matching.ts";
import { AdamW } from "#lib/training/adam_w.ts";

// A problem that can be enumerated: three actions, four steps, random policies and rewards.
const mdp = new EnumerableMdp({ vocabSize: 3, horizon: 4, gamma: 0.9 });
const random = new RandomStream(0, "enumerable problem");
const table = (): number[][] =>
  Array.from({ length: mdp.stateCount }, () => Array.from({ length: 3 }, () => random.normal()));
const [reward, teacherLogits, studentLogits, f] = [table(), table(), table(), table()];
const teacher = teacherLogits.map(softmax);
const student = studentLogits.map(softmax);

Deno.test("the imitation gap is U_off at the student's Q and U_on at the teacher's Q, and neither at the other's", () => {
  const gap = mdp.return(teacher, reward) - mdp.return(student, reward);
  const [teacherQ, studentQ] = [mdp.actionValues(teacher, reward), mdp.actionValues(student, reward)];
  assertAlmostEquals(mdp.offPolicyMoment(studentQ, teacher, student), gap, 1e-12);
  assertAlmostEquals(mdp.onPolicyMoment(teacherQ, teacher, student), gap, 1e-12);
  assert(Math.abs(mdp.offPolicyMoment(teacherQ, teacher, student) - gap) > 1e-3);
  assert(Math.abs(mdp.onPolicyMoment(studentQ, teacher, student) - gap) > 1e-3);
});

Deno.test("both suprema over |f| ≤ 1 are E Σ 2·TV, reached at the sign of teacher minus student", () => {
  const sign = teacher.map((row, state) => row.map((p, action) => Math.sign(p - student[state][action])));
  const off = mdp.twoTotalVariation(teacher, teacher, student);
  assertAlmostEquals(mdp.offPolicyMoment(sign, teacher, student), off, 1e-12);
  assertAlmostEquals(
    mdp.onPolicyMoment(sign, teacher, student),
    mdp.twoTotalVariation(student, teacher, student),
    1e-12,
  );
  const bounded = f.map((row) => row.map((value) => Math.tanh(value)));
  assert(mdp.offPolicyMoment(bounded, teacher, student) < off);
});

for (const moments of ["sampled", "full"] as const) {
  gpuTest(`${moments} moments of all trajectories equal the enumerated ones`, async (gpu) => {
    using tape = new Tape(gpu);
    const off = offPolicyMoment(tape, allAtOnce(tape, viewOf(tape, f)), rowsOf(gpu, teacher), { moments });
    const on = onPolicyMoment(tape, allAtOnce(tape, viewOf(tape, f)), rowsOf(gpu, student), { moments });
    const [[offValue], [onValue]] = await gpu.readAll([off.value, on.value]);
    assertAlmostEquals(offValue, mdp.offPolicyMoment(f, teacher, student), 1e-5);
    assertAlmostEquals(onValue, mdp.onPolicyMoment(f, teacher, student), 1e-5);
  });
}

for (const [name, visitor] of [["off", teacher], ["on", student]] as const) {
  gpuTest(`a tabular tanh critic reaches E Σ 2·TV within 1 %, ${name}-policy`, async (gpu) => {
    using store = tableStore(gpu, teacher.map((row) => row.map(() => 0)));
    using adam = new AdamW(gpu, store, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 });
    const rows = rowsOf(gpu, visitor);
    let reached = 0;
    for (let step = 1; step <= 300; step++) {
      using tape = new Tape(gpu, { learning: [store] });
      const values = tape.apply(tanh, { x: atStates(tape, tape.parameter(store.get("table"))) }, {});
      const views = allAtOnce(tape, { ...viewOf(tape, f), values });
      const moment = name === "off"
        ? offPolicyMoment(tape, views, rows, { moments: "full" })
        : onPolicyMoment(tape, views, rows, { moments: "full" });
      store.zeroGradients();
      tape.backward(linearCombination(tape, [{ weight: -1, value: moment }]));
      adam.step(0.1);
      if (step === 300) [reached] = await gpu.read(moment.value);
      else gpu.flush();
    }
    const supremum = mdp.twoTotalVariation(visitor, teacher, student);
    assert(reached > 0.99 * supremum && reached <= supremum * (1 + 1e-5), `${reached} of ${supremum}`);
  });
}

gpuTest("the off-policy gradient equals central differences of the enumerated moment", async (gpu) => {
  const gradient = await studentGradient(
    gpu,
    teacher,
    negatedExpectation,
  );
  assertGradient(gradient, (policy) => mdp.offPolicyMoment(f, teacher, policy));
});

for (const moments of ["sampled", "full"] as const) {
  for (const baseline of ["none", "positionMean"] as const) {
    gpuTest(
      `the reward-to-go gradient, ${moments} moments, baseline ${baseline}, equals central differences over all trajectories`,
      async (gpu) => {
        const settings = { horizon: "rewardToGo", moments, gamma: mdp.gamma, baseline } as const;
        const gradient = await studentGradient(
          gpu,
          student,
          (tape, views, rows) => onPolicyGradientTerm(tape, views, rows, settings),
        );
        assertGradient(gradient, (policy) => mdp.onPolicyMoment(f, teacher, policy));
      },
    );
  }
}

gpuTest("the immediate gradient holds the visited states fixed", async (gpu) => {
  const settings = { horizon: "immediate", moments: "full", gamma: mdp.gamma, baseline: "none" } as const;
  const gradient = await studentGradient(
    gpu,
    student,
    (tape, views, rows) => onPolicyGradientTerm(tape, views, rows, settings),
  );
  assertGradient(
    gradient,
    (policy) =>
      -mdp.expect(student, (state) => f[state].reduce((sum, value, action) => sum + policy[state][action] * value, 0)),
  );
});

gpuTest(
  "at student = teacher both moments and both critic gradients vanish, and so does the student's at f = 0",
  async (gpu) => {
    using critic = tableStore(gpu, f);
    using tape = new Tape(gpu, { learning: [critic] });
    const values = atStates(tape, tape.parameter(critic.get("table")));
    const views = allAtOnce(tape, { ...viewOf(tape, f, teacherLogits), values });
    const rows = rowsOf(gpu, teacher);
    const off = offPolicyMoment(tape, views, rows, { moments: "full" });
    const on = onPolicyMoment(tape, views, rows, { moments: "full" });
    critic.zeroGradients();
    tape.backward(linearCombination(tape, [{ weight: 1, value: off }, { weight: 1, value: on }]));
    const [offValue, onValue, gradient] = await gpu.readAll([off.value, on.value, critic.get("table").gradient]);
    assert(Math.abs(offValue[0]) < 1e-6 && Math.abs(onValue[0]) < 1e-6);
    assert(gradient.every((value) => Math.abs(value) < 1e-6));

    const nothing = f.map((row) => row.map(() => 0));
    const studentGradients = await studentGradient(
      gpu,
      teacher,
      negatedExpectation,
      teacherLogits,
      nothing,
    );
    assert(studentGradients.every((value) => Math.abs(value) < 1e-6));
  },
);

/** d term / d student logits, the term written over every trajectory of `visitor`, weighted by its probability. */
async function studentGradient(
  gpu: Gpu,
  visitor: Table,
  term: (tape: Tape, views: CriticViews, rows: ResponseRows) => Variable,
  logits: Table = studentLogits,
  values: Table = f,
): Promise<Float32Array> {
  using store = tableStore(gpu, logits);
  using tape = new Tape(gpu, { learning: [store] });
  const learned = { logits: atStates(tape, tape.parameter(store.get("table"))) };
  const views = allAtOnce(tape, { ...viewOf(tape, values), student: learned });
  store.zeroGradients();
  tape.backward(term(tape, views, rowsOf(gpu, visitor)));
  return await gpu.read(store.get("table").gradient) as Float32Array;
}

function assertGradient(gradient: Float32Array, objective: (policy: Table) => number): void {
  const h = 1e-5;
  for (let state = 0; state < mdp.stateCount; state++) {
    for (let action = 0; action < 3; action++) {
      const at = (logit: number) =>
        objective(studentLogits.map((row, s) => softmax(s === state ? row.with(action, logit) : row)));
      const expected = (at(studentLogits[state][action] + h) - at(studentLogits[state][action] - h)) / (2 * h);
      assertAlmostEquals(gradient[3 * state + action], expected, 2e-6, `state ${state}, action ${action}`);
    }
  }
}

/** Every trajectory, as the rows of a batch whose weights are the probabilities under `visitor`. */
function rowsOf(gpu: Gpu, visitor: Table): ResponseRows {
  const probabilities = mdp.probabilities(visitor);
  const perRow = (weight: (i: number, t: number) => number) =>
    gpu.upload(Float32Array.from(mdp.trajectories.flatMap((actions, i) => actions.map((_, t) => weight(i, t)))));
  return {
    actions: gpu.upload(Uint32Array.from(mdp.trajectories.flat())),
    weights: perRow((i, t) => probabilities[i] * mdp.gamma ** t),
    evenWeights: perRow((i) => probabilities[i]),
    rowSpans: gpu.upload(
      Uint32Array.from(mdp.trajectories.flatMap((_, i) => [i * mdp.horizon, (i + 1) * mdp.horizon])),
      [mdp.trajectories.length, 2],
    ),
  };
}

function viewOf(tape: Tape, values: Table, logits: Table = studentLogits): CriticView {
  const rows = (t: Table) => atStates(tape, tape.constant(tape.gpu.upload(flat(t), shapeOf(t))));
  return { student: { logits: rows(logits) }, teacher: { logits: rows(teacherLogits) }, values: rows(values) };
}

/** The rows of a table by state, `"S V"`, at the state of every row of the batch, `"N V"`. */
function atStates(tape: Tape, byState: Variable): Variable {
  const ids = tape.constant(tape.gpu.upload(Uint32Array.from(mdp.states.flat())));
  return tape.apply(embedding, { table: byState, ids }, {});
}

function tableStore(gpu: Gpu, values: Table): ParameterStore {
  const store = new ParameterStore(
    gpu,
    [{ name: "table", shape: shapeOf(values), decayed: false, initial: zeros }],
    () => 0,
  );
  gpu.write(store.get("table").value, flat(values));
  return store;
}

function flat(values: Table): Float32Array<ArrayBuffer> {
  return Float32Array.from(values.flat());
}

function shapeOf(values: Table): number[] {
  return [values.length, values[0].length];
}

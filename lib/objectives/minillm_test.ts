import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { embedding } from "#kernels/embedding/embedding.ts";
import { mapNamed } from "#kernels/op.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { distanceByToken } from "./distance.ts";
import { EnumerableMdp, softmax, type Table } from "./enumerable_mdp.ts";
import { linearCombination } from "./linear_combination.ts";
import { type MiniLlmSettings, scoreRows, surrogate } from "./minillm.ts";
import { actionLogProb, meanOverTokens } from "./states.ts";
import { MINILLM_DEFAULTS } from "./test_minillm.ts";

// Whole texts that can be enumerated: three tokens, four steps, random policies. What the players and batches of the
// objective do is tested in minillm_objective_test.ts.
const mdp = new EnumerableMdp({ vocabSize: 3, horizon: 4, gamma: 1 });
const random = new RandomStream(3, "enumerable texts");
const table = (): number[][] =>
  Array.from({ length: mdp.stateCount }, () => Array.from({ length: 3 }, () => random.normal()));
const [teacherLogits, studentLogits] = [table(), table()];
const teacher = teacherLogits.map(softmax);
const student = studentLogits.map(softmax);
const mixture = student.map((row, state) => row.map((q, action) => 0.8 * q + 0.2 * teacher[state][action]));

/** Nothing but the policy gradient of the reverse KL. */
const EXACT: MiniLlmSettings = {
  ...MINILLM_DEFAULTS,
  mixtureWeight: 0,
  rewardScale: 1,
  rewardClip: 1e9,
  gamma: 1,
  lengthNormalized: false,
  whitened: false,
};

type Rows = { actions: Tensor; weights: Tensor; rowSpans: Tensor };

/** Every text, as rows that weigh `weight` each; the probability of the whole text under `visitor` unless given. */
function rowsOf(gpu: Gpu, visitor: Table, weight = (_i: number, _t: number) => 1): Rows {
  const probabilities = mdp.probabilities(visitor);
  const { trajectories, horizon } = mdp;
  return {
    actions: gpu.upload(Uint32Array.from(trajectories.flat())),
    weights: gpu.upload(
      Float32Array.from(trajectories.flatMap((actions, i) => actions.map((_, t) => probabilities[i] * weight(i, t)))),
    ),
    rowSpans: gpu.upload(
      Uint32Array.from(trajectories.flatMap((_, i) => [i * horizon, (i + 1) * horizon])),
      [trajectories.length, 2],
    ),
  };
}

/** What is differentiated: a number written on a tape from the logits of both at every row. */
type Written = (tape: Tape, logits: { student: Variable; teacher: Variable }, rows: Rows) => Variable;

async function gradientOf(gpu: Gpu, rows: Rows, written: Written): Promise<Float32Array> {
  const specs = [{ name: "table", shape: [mdp.stateCount, 3], decayed: false, initial: zeros }];
  using store = new ParameterStore(gpu, specs, () => 0);
  gpu.write(store.get("table").value, Float32Array.from(studentLogits.flat()));
  using tape = new Tape(gpu, { learning: [store] });
  const logits = { student: atRows(tape, tape.parameter(store.get("table"))), teacher: atRows(tape, teacherLogits) };
  store.zeroGradients();
  tape.backward(written(tape, logits, rows));
  return Float32Array.from(await gpu.read(store.get("table").gradient));
}

/** The row of every state that a text visits. */
function atRows(tape: Tape, byState: Variable | Table): Variable {
  const states = "value" in byState
    ? byState
    : tape.constant(tape.adopt(tape.gpu.upload(Float32Array.from(byState.flat()), [byState.length, 3])));
  const ids = tape.constant(tape.adopt(tape.gpu.upload(Uint32Array.from(mdp.states.flat()))));
  return tape.apply(embedding, { table: states, ids }, {});
}

const logProbsOf = (tape: Tape, logits: { student: Variable; teacher: Variable }, rows: Rows) =>
  mapNamed(logits, (each) => actionLogProb(tape, each, rows));

/** The policy gradient part, and the single-step part if it is in use, as the objective adds them. */
const miniLlmTerms = (settings: MiniLlmSettings): Written => (tape, logits, rows) => {
  const logProbs = logProbsOf(tape, logits, rows);
  const scores = scoreRows(tape, logProbs, rows, settings);
  const { loss } = surrogate(tape, logProbs.student, rows, scores, settings);
  if (!settings.singleStep) return loss;
  const singleStep = meanOverTokens(tape, distanceByToken(tape, { kind: "reverseKl" }, logits), rows);
  return linearCombination(tape, [{ weight: 1, value: loss }, { weight: 1, value: singleStep }]);
};

/** KL(π_θ ‖ π*) of whole texts. */
const reverseKlOfTexts = (policy: Table) =>
  mdp.expect(policy, (state, action) => Math.log(policy[state][action] / teacher[state][action]));
/** E_{τ~π_old} Σ_t KL(π_θ ‖ π*) at the states of texts that were sampled before. */
const reverseKlOfSteps = (policy: Table) =>
  mdp.expect(
    student,
    (state) => policy[state].reduce((sum, q, action) => sum + q * Math.log(q / teacher[state][action]), 0),
  );

/** Central differences with respect to every logit of the student. */
function differences(value: (policy: Table) => number): number[] {
  const h = 1e-5;
  return studentLogits.flatMap((row, state) =>
    row.map((logit, action) => {
      const at = (moved: number) =>
        value(studentLogits.map((other, s) => softmax(s === state ? other.with(action, moved) : other)));
      return (at(logit + h) - at(logit - h)) / (2 * h);
    })
  );
}

function assertGradient(gradient: Float32Array, expected: readonly number[]): void {
  expected.forEach((slope, i) => assertAlmostEquals(gradient[i], slope, 2e-6, `logit ${i}`));
}

const largestError = (gradient: Float32Array, expected: readonly number[]) =>
  expected.reduce((largest, slope, i) => Math.max(largest, Math.abs(gradient[i] - slope)), 0);

for (
  const [label, change] of [
    ["rewards from R_t on, without the single-step part", { inclusive: true, singleStep: false }],
    ["rewards from R_{t+1} on, with the single-step part", { inclusive: false, singleStep: true }],
  ] as const
) {
  gpuTest(`the expected gradient is that of KL(π_θ ‖ π*) of whole texts: ${label}`, async (gpu) => {
    const gradient = await gradientOf(gpu, rowsOf(gpu, student), miniLlmTerms({ ...EXACT, ...change }));
    assertGradient(gradient, differences(reverseKlOfTexts));
  });
}

gpuTest(
  "with the published code's defaults R_t counts twice: the gradient has the single-step part once more",
  async (gpu) => {
    assertEquals([MINILLM_DEFAULTS.inclusive, MINILLM_DEFAULTS.singleStep], [true, true]);
    const gradient = await gradientOf(gpu, rowsOf(gpu, student), miniLlmTerms(EXACT));
    const steps = differences(reverseKlOfSteps);
    const expected = differences(reverseKlOfTexts).map((slope, i) => slope + steps[i]);
    assertGradient(gradient, expected);
    assert(Math.max(...steps.map(Math.abs)) > 1e-2);
  },
);

gpuTest(
  "a relative discount and length normalization give another gradient than that of the reverse KL",
  async (gpu) => {
    const expected = differences(reverseKlOfTexts);
    for (const change of [{ gamma: 0.95 }, { lengthNormalized: true }]) {
      const settings = { ...EXACT, singleStep: false, ...change };
      assert(largestError(await gradientOf(gpu, rowsOf(gpu, student), miniLlmTerms(settings)), expected) > 1e-3);
    }
  },
);

const weightAt = (i: number, t: number) => {
  const [state, action] = [mdp.states[i][t], mdp.trajectories[i][t]];
  return student[state][action] / mixture[state][action];
};
const rewardAt = (i: number, t: number) => {
  const [state, action] = [mdp.states[i][t], mdp.trajectories[i][t]];
  return Math.log(teacher[state][action] / student[state][action]);
};
const product = (from: number, to: number, factor: (t: number) => number) =>
  Array.from({ length: to - from }, (_, k) => factor(from + k)).reduce((a, b) => a * b, 1);

gpuTest("the importance weight of every token is q / ((1 − α) q + α p), of that token alone", async (gpu) => {
  using tape = new Tape(gpu);
  const rows = rowsOf(gpu, mixture);
  const logProbs = logProbsOf(
    tape,
    { student: atRows(tape, studentLogits), teacher: atRows(tape, teacherLogits) },
    rows,
  );
  const scores = scoreRows(tape, logProbs, rows, { ...EXACT, mixtureWeight: 0.2 });
  const [samplerLogProb, rewards] = await gpu.readAll([scores.samplerLogProb, scores.rewards]);
  mdp.trajectories.forEach((actions, i) =>
    actions.forEach((action, t) => {
      const row = mdp.horizon * i + t;
      const q = student[mdp.states[i][t]][action];
      assertAlmostEquals(q / Math.exp(samplerLogProb[row]), weightAt(i, t), 2e-6);
      assertAlmostEquals(rewards[row], rewardAt(i, t), 2e-6);
    })
  );
});

gpuTest(
  "of texts that the mixture sampled, weights of whole prefixes give the exact gradient; those of single tokens leave a bias",
  async (gpu) => {
    const expected = differences(reverseKlOfTexts);
    const settings = { ...EXACT, mixtureWeight: 0.2, singleStep: false, clipRange: 1e9 };
    const perToken = await gradientOf(gpu, rowsOf(gpu, mixture), miniLlmTerms(settings));

    // w_1 … w_{t-1} weigh the row; w_t is in the surrogate's ratio; w_{t+1} … w_t' weigh each later reward.
    const prefix = rowsOf(gpu, mixture, (i, t) => product(0, t, (s) => weightAt(i, s)));
    const advantages = mdp.trajectories.flatMap((actions, i) =>
      actions.map((_, t) =>
        actions.slice(t).reduce(
          (sum, _, k) => sum + product(t + 1, t + k + 1, (s) => weightAt(i, s)) * rewardAt(i, t + k),
          0,
        )
      )
    );
    const whole = await gradientOf(gpu, prefix, (tape, logits, rows) => {
      const logProbs = logProbsOf(tape, logits, rows);
      const { samplerLogProb } = scoreRows(tape, logProbs, rows, settings);
      const scores = { samplerLogProb, advantages: gpu.upload(Float32Array.from(advantages)) };
      return surrogate(tape, logProbs.student, rows, scores, settings).loss;
    });
    assertGradient(whole, expected);

    const unweighted = await gradientOf(gpu, rowsOf(gpu, mixture), miniLlmTerms({ ...settings, mixtureWeight: 0 }));
    assert(largestError(perToken, expected) > 1e-3);
    assert(largestError(perToken, expected) < largestError(unweighted, expected)); // no law, but so it is here
  },
);

gpuTest("where the policy is the sampler no token is clipped, however narrow the clip", async (gpu) => {
  const rows = rowsOf(gpu, student);
  const wide = await gradientOf(gpu, rows, miniLlmTerms({ ...EXACT, clipRange: 1e9 }));
  assertEquals(await gradientOf(gpu, rows, miniLlmTerms({ ...EXACT, clipRange: 1e-3 })), wide);
  using tape = new Tape(gpu);
  const policies = { student: atRows(tape, studentLogits), teacher: atRows(tape, teacherLogits) };
  const logProbs = logProbsOf(tape, policies, rows);
  const clipFractionWith = async (mixtureWeight: number) => {
    const settings = { ...EXACT, mixtureWeight, clipRange: 1e-3 };
    const scores = scoreRows(tape, logProbs, rows, settings);
    return (await gpu.read(surrogate(tape, logProbs.student, rows, scores, settings).clipFraction.value))[0];
  };
  assertEquals(await clipFractionWith(0), 0);
  // The weight of a mixture is inside the clip, so it clips before the student has moved at all.
  assert(await clipFractionWith(0.2) > 0.1);
});

gpuTest("advantages are the rewards to go, relatively discounted, divided by their number, whitened", async (gpu) => {
  using tape = new Tape(gpu);
  const rows = rowsOf(gpu, student);
  const logProbs = logProbsOf(
    tape,
    { student: atRows(tape, studentLogits), teacher: atRows(tape, teacherLogits) },
    rows,
  );
  const scores = scoreRows(tape, logProbs, rows, MINILLM_DEFAULTS);
  const actual = await gpu.read(scores.advantages);
  const toGo = mdp.trajectories.flatMap((actions, i) =>
    actions.map((_, t) =>
      actions.slice(t).reduce((sum, _, k) => sum + 0.95 ** k * rewardAt(i, t + k) / 0.5, 0) / (mdp.horizon - t)
    )
  );
  const mean = toGo.reduce((a, b) => a + b) / toGo.length;
  const deviation = Math.sqrt(toGo.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (toGo.length - 1));
  toGo.forEach((value, n) => assertAlmostEquals(actual[n], (value - mean) / (deviation + 1e-6), 2e-5));
});

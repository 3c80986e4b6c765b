import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { type Distance, distanceByToken } from "./distance.ts";
import { meanOverTokens } from "./states.ts";
import { softmax } from "./enumerable_mdp.ts";

const gpu = await testGpu();
const [ROWS, VOCAB] = [7, 33];
const random = new RandomStream(1, "distance test");
const someLogits = (spread: number) =>
  Float32Array.from({ length: ROWS * VOCAB }, () => Math.fround(spread * random.normal()));
const studentLogits = someLogits(1);
const teacherLogits = someLogits(2);
/** A teacher whose probabilities are within a few times the student's, where limits are soon near. */
const mildTeacher = studentLogits.map((logit) => logit + 0.5 * random.normal());
/** A discounted mean, so that rows count differently. */
const WEIGHTS = Float32Array.from({ length: ROWS }, (_, row) => 0.9 ** row / ROWS);

const EVERY_KIND: readonly Distance[] = [
  { kind: "forwardKl" },
  { kind: "reverseKl" },
  { kind: "totalVariation" },
  { kind: "jensenShannon", weight: 0.5 },
  { kind: "jensenShannon", weight: 0.1 },
  { kind: "skewForwardKl", skew: 0.1 },
  { kind: "skewReverseKl", skew: 0.1 },
  { kind: "alphaBeta", alpha: 0.2, beta: 0.7 },
  { kind: "adaptiveKl", headMass: 0.5 },
];

interface Evaluation {
  readonly value: number;
  readonly gradient: Float32Array;
}

/** A distance and its gradient in the student's logits. */
async function evaluate(
  distance: Distance,
  { student = studentLogits, teacher = teacherLogits, temperature }: {
    student?: Float32Array<ArrayBuffer>;
    teacher?: Float32Array<ArrayBuffer>;
    temperature?: number;
  } = {},
): Promise<Evaluation> {
  const shape = [ROWS, VOCAB];
  using store = new ParameterStore(gpu, [{ name: "logits", shape, decayed: false, initial: zeros }], () => 0);
  gpu.write(store.get("logits").value, student);
  store.zeroGradients();
  using tape = new Tape(gpu, { learning: [store] });
  const weights = tape.adopt(gpu.upload(WEIGHTS));
  const policies = {
    student: tape.parameter(store.get("logits")),
    teacher: tape.constant(tape.adopt(gpu.upload(teacher, shape))),
  };
  const value = meanOverTokens(tape, distanceByToken(tape, distance, policies, temperature), { weights });
  assertEquals(value.value.shape, [1]);
  tape.backward(value);
  const [[number], gradient] = await gpu.readAll([value.value, store.get("logits").gradient]);
  return { value: number, gradient: gradient as Float32Array };
}

/** The rows' probabilities in float64. */
const policyOf = (logits: Float32Array, temperature = 1) =>
  Array.from(
    { length: ROWS },
    (_, row) => softmax([...logits.subarray(row * VOCAB, (row + 1) * VOCAB)].map((z) => z / temperature)),
  );

const kl = (p: readonly number[], q: readonly number[]) =>
  p.reduce((sum, mass, a) => sum + mass * Math.log(mass / q[a]), 0);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mix = (share: number, p: readonly number[], q: readonly number[]) =>
  p.map((mass, a) => share * mass + (1 - share) * q[a]);

/** The share of |p − q| on the teacher's likeliest tokens, as few as make up headMass. */
function headShare(p: readonly number[], q: readonly number[], headMass: number): number {
  const order = [...p.keys()].sort((a, b) => p[b] - p[a]);
  let [mass, head, all] = [0, 0, 0];
  order.forEach((a) => {
    all += Math.abs(p[a] - q[a]);
    if (mass < headMass) head += Math.abs(p[a] - q[a]);
    mass += p[a];
  });
  return head / all;
}

/** The distance of two distributions by its definition, p of the teacher. */
function definition(distance: Distance, p: readonly number[], q: readonly number[]): number {
  switch (distance.kind) {
    case "forwardKl":
      return kl(p, q);
    case "reverseKl":
      return kl(q, p);
    case "totalVariation":
      return 0.5 * sum(p.map((mass, a) => Math.abs(mass - q[a])));
    case "jensenShannon": {
      const m = mix(distance.weight, p, q);
      return distance.weight * kl(p, m) + (1 - distance.weight) * kl(q, m);
    }
    case "skewForwardKl":
      return kl(p, mix(distance.skew, p, q));
    case "skewReverseKl":
      return kl(q, mix(distance.skew, q, p));
    case "alphaBeta": {
      const { alpha, beta } = distance;
      const degree = alpha + beta;
      return -sum(
        p.map((mass, a) =>
          mass ** alpha * q[a] ** beta - alpha / degree * mass ** degree - beta / degree * q[a] ** degree
        ),
      ) / (alpha * beta);
    }
    case "adaptiveKl": {
      const share = headShare(p, q, distance.headMass);
      return share * kl(p, q) + (1 - share) * kl(q, p);
    }
  }
}

const meanDefinition = (distance: Distance, temperature = 1) => {
  const [p, q] = [policyOf(teacherLogits, temperature), policyOf(studentLogits, temperature)];
  return sum(p.map((row, n) => WEIGHTS[n] * definition(distance, row, q[n])));
};

/** Largest difference of two gradients, as a share of the second's largest entry. */
function gradientError({ gradient }: Evaluation, expected: { readonly gradient: Iterable<number> }): number {
  const wanted = [...expected.gradient];
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(gradient[i] - value))) / largest;
}

const scaled = ({ value, gradient }: Evaluation, factor: number) => ({
  value: value * factor,
  gradient: gradient.map((entry) => entry * factor),
});

function assertNear(actual: Evaluation, expected: Evaluation, tolerance: number): void {
  assertAlmostEquals(actual.value, expected.value, tolerance * Math.abs(expected.value));
  const error = gradientError(actual, expected);
  assert(error <= tolerance, `gradients differ by ${error} of the largest`);
}

for (const distance of EVERY_KIND) {
  const { kind, ...attributes } = distance;
  const label = [kind, ...Object.values(attributes)].join(" ");

  gpuTest(`${label} is the discounted mean of its definition`, async () => {
    const expected = meanDefinition(distance);
    assert(expected > 0.01);
    assertAlmostEquals((await evaluate(distance)).value, expected, 1e-5 * expected);
  });

  gpuTest(`${label} is 0 where both policies are equal, and so is its gradient`, async () => {
    for (const temperature of [1, 2.5]) {
      const { value, gradient } = await evaluate(distance, { teacher: studentLogits, temperature });
      assertAlmostEquals(value, 0, 1e-6);
      for (const entry of gradient) assertAlmostEquals(entry, 0, 1e-6);
    }
  });

  gpuTest(`${label} falls along its negative gradient`, async () => {
    const { value, gradient } = await evaluate(distance);
    const step = 0.1 / Math.hypot(...gradient);
    const student = studentLogits.map((logit, i) => logit - step * gradient[i]);
    assert((await evaluate(distance, { student })).value < value);
  });
}

for (const distance of EVERY_KIND.filter(({ kind }) => kind !== "adaptiveKl")) {
  gpuTest(`a temperature divides the logits of ${distance.kind}, and so its gradient`, async () => {
    const temperature = 2.5;
    const cooled = (logits: Float32Array) => Float32Array.from(logits, (logit) => logit / temperature);
    const alike = await evaluate(distance, { student: cooled(studentLogits), teacher: cooled(teacherLogits) });
    const { value, gradient } = await evaluate(distance, { temperature });
    assertNear({ value, gradient: gradient.map((entry) => entry * temperature) }, alike, 2e-5);
    assertAlmostEquals(value, meanDefinition(distance, temperature), 1e-5);
    assert(Math.abs(value - (await evaluate(distance)).value) > 0.01);
  });
}

/** How far a distance is from the one that it goes to, the first time and then nearer to the limit: in value and gradient. */
async function assertLimit(limit: Distance, near: (small: number) => { distance: Distance; factor?: number }) {
  const expected = await evaluate(limit, { teacher: mildTeacher });
  const errors: number[] = [];
  for (const small of [1 / 16, 1 / 128]) {
    const { distance, factor = 1 } = near(small);
    const actual = scaled(await evaluate(distance, { teacher: mildTeacher }), factor);
    errors.push(Math.max(Math.abs(actual.value / expected.value - 1), gradientError(actual, expected)));
  }
  assert(errors[1] < 0.03 && errors[1] < 0.25 * errors[0], `${JSON.stringify(limit)}: ${errors}`);
}

gpuTest("as DistiLLM's skew goes to 0, its divergences become the forward and the reverse KL", async () => {
  for (const [skewed, plain] of [["skewForwardKl", "forwardKl"], ["skewReverseKl", "reverseKl"]] as const) {
    assertNear(await evaluate({ kind: skewed, skew: 0 }), await evaluate({ kind: plain }), 1e-5);
    await assertLimit({ kind: plain }, (skew) => ({ distance: { kind: skewed, skew } }));
  }
});

gpuTest(
  "GKD's divergence over its weight goes to the forward KL at 0, over 1 minus it to the reverse KL at 1",
  async () => {
    const jensenShannon = (weight: number): Distance => ({ kind: "jensenShannon", weight });
    await assertLimit({ kind: "forwardKl" }, (small) => ({ distance: jensenShannon(small), factor: 1 / small }));
    await assertLimit({ kind: "reverseKl" }, (small) => ({ distance: jensenShannon(1 - small), factor: 1 / small }));
  },
);

gpuTest("the α-β-divergence goes to the forward KL at (1, 0) and to the reverse KL at (0, 1)", async () => {
  await assertLimit({ kind: "forwardKl" }, (beta) => ({ distance: { kind: "alphaBeta", alpha: 1, beta } }));
  await assertLimit({ kind: "reverseKl" }, (alpha) => ({ distance: { kind: "alphaBeta", alpha, beta: 1 } }));
});

gpuTest("forward and reverse KL are told apart by these limits", async () => {
  const [forward, reverse] = [await evaluate({ kind: "forwardKl" }), await evaluate({ kind: "reverseKl" })];
  assert(gradientError(forward, reverse) > 0.2);
  const mild = { teacher: mildTeacher };
  assert(gradientError(await evaluate({ kind: "forwardKl" }, mild), await evaluate({ kind: "reverseKl" }, mild)) > 0.1);
});

gpuTest(
  "at (1, 1) the α-β-divergence is half the squared distance, at (½, ½) four times the squared Hellinger distance",
  async () => {
    const [p, q] = [policyOf(teacherLogits), policyOf(studentLogits)];
    const meanOf = (term: (mass: number, studentMass: number) => number) =>
      sum(p.map((row, n) => WEIGHTS[n] * sum(row.map((mass, a) => term(mass, q[n][a])))));
    const squared = meanOf((mass, other) => 0.5 * (mass - other) ** 2);
    const hellinger = meanOf((mass, other) => 2 * (Math.sqrt(mass) - Math.sqrt(other)) ** 2);
    assertAlmostEquals((await evaluate({ kind: "alphaBeta", alpha: 1, beta: 1 })).value, squared, 1e-5);
    assertAlmostEquals((await evaluate({ kind: "alphaBeta", alpha: 0.5, beta: 0.5 })).value, hellinger, 1e-5);
  },
);

gpuTest("the adaptive KL moves the student as forward and reverse KL do, by shares that stand still", async () => {
  const [p, q] = [policyOf(teacherLogits), policyOf(studentLogits)];
  const shares = p.map((row, n) => headShare(row, q[n], 0.5));
  assert(Math.max(...shares) - Math.min(...shares) > 0.1 && shares.every((share) => share > 0 && share < 1));
  const [forward, reverse] = [await evaluate({ kind: "forwardKl" }), await evaluate({ kind: "reverseKl" })];
  const mixed = [...forward.gradient].map((entry, i) => {
    const share = shares[Math.floor(i / VOCAB)];
    return share * entry + (1 - share) * reverse.gradient[i];
  });
  const adaptive = await evaluate({ kind: "adaptiveKl", headMass: 0.5 });
  const error = gradientError(adaptive, { gradient: mixed });
  assert(error < 1e-5, `${error}`);
});

gpuTest(
  "the shares of the adaptive KL are those of temperature 1, whatever the temperature of its divergences",
  async () => {
    const temperature = 2.5;
    const shares = policyOf(teacherLogits).map((row, n) => headShare(row, policyOf(studentLogits)[n], 0.5));
    const [p, q] = [policyOf(teacherLogits, temperature), policyOf(studentLogits, temperature)];
    const expected = sum(
      shares.map((share, n) => WEIGHTS[n] * (share * kl(p[n], q[n]) + (1 - share) * kl(q[n], p[n]))),
    );
    assertAlmostEquals((await evaluate({ kind: "adaptiveKl", headMass: 0.5 }, { temperature })).value, expected, 1e-5);
  },
);

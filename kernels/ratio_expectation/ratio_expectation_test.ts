import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { add } from "../elementwise/add/add.ts";
import { scale } from "../elementwise/scale/scale.ts";
import { tanh } from "../elementwise/tanh/tanh.ts";
import { totalVariation } from "../divergence/total_variation/total_variation.ts";
import { expectation } from "../expectation/expectation.ts";
import { logSoftmaxReference } from "../log_sum_exp/log_softmax_reference.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Shape, Tensor } from "../runtime/tensor.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest } from "../test_gpu.ts";
import { type RatioAttrs, ratioExpectation } from "./ratio_expectation.ts";

const HALF: RatioAttrs = { c: 0.5, bias: 0 };
const student = (i: number) => 4 * Math.sin(i * i);
const teacher = (i: number) => 5 * Math.cos(3 * i * i);
const policies = { policy: student, teacher, student };

const shapes = (rows: number, size: number) => ({
  policy: [rows, size],
  teacher: [rows, size],
  student: [rows, size],
  logScale: [1],
});

checkOp(ratioExpectation, [
  { label: "one entry", inputs: shapes(1, 1), attrs: HALF },
  { label: "odd sizes, at the student itself", inputs: shapes(7, 37), attrs: HALF, fill: policies },
  { label: "rows read in fours, a third policy", inputs: shapes(5, 52), attrs: { c: 2, bias: 0 } },
  { label: "a bias", inputs: shapes(9, 41), attrs: { c: 0.5, bias: -1.1 }, fill: policies },
  { label: "a vocabulary", inputs: shapes(33, 2048), attrs: { c: 3, bias: 0.3 }, fill: policies },
  {
    label: "another scale",
    inputs: shapes(6, 45),
    attrs: HALF,
    fill: { ...policies, logScale: () => 0.7 },
  },
], [{}, gpuForms()]);

type Logits = Float32Array<ArrayBuffer>;
const logitsOf = (size: number, logit: (i: number) => number): Logits =>
  Float32Array.from({ length: size }, (_, i) => logit(i));

interface Given {
  readonly teacher: Logits;
  readonly student: Logits;
  readonly policy?: Logits;
  readonly logScale?: number;
}

/** Values and the gradient of the policy, the student unless one is given, for a `dOut` of 1. */
async function run(gpu: Gpu, given: Given, shape: Shape, attrs: RatioAttrs) {
  const inputs = {
    policy: gpu.upload(given.policy ?? given.student, shape),
    teacher: gpu.upload(given.teacher, shape),
    student: gpu.upload(given.student, shape),
    logScale: gpu.upload(Float32Array.of(given.logScale ?? 0)),
  };
  const { out, saved } = ratioExpectation.forward(gpu, inputs, attrs);
  const dOut = gpu.upload(new Float32Array(shape[0]).fill(1));
  const wanted = new Set(["policy", "logScale"] as const);
  const { policy, logScale } = ratioExpectation.backward(gpu, dOut, { inputs, out, saved, attrs, wanted });
  const [values, gradient, slope] = await gpu.readAll([out, policy!, logScale!]);
  return { values: Float32Array.from(values), gradient: Float32Array.from(gradient), slope: slope[0] };
}

gpuTest("ratioExpectation is what tanh, the log-ratio and expectation compose", async (gpu) => {
  const [rows, size] = [6, 52];
  const given = { student: logitsOf(rows * size, student), teacher: logitsOf(rows * size, teacher) };
  for (const c of [0.5, 2]) {
    const fused = await run(gpu, given, [rows, size], { c, bias: 0 });
    const logSoftmax = (logits: Logits) =>
      Float32Array.from(
        { length: rows },
        (_, n) => n,
      ).reduce((all, n) => {
        all.set(logSoftmaxReference(Float64Array.from(logits.subarray(n * size, (n + 1) * size))), n * size);
        return all;
      }, new Float32Array(rows * size));
    const upload = (values: Logits) => gpu.upload(values, [rows, size]);
    const { out: ratio } = add.forward(gpu, {
      x: upload(logSoftmax(given.teacher)),
      y: upload(logSoftmax(given.student)),
    }, { xScale: 1, yScale: -1 });
    const { out: scaled } = scale.forward(gpu, { x: ratio }, { factor: c });
    const { out: values } = tanh.forward(gpu, { x: scaled }, {});
    const inputs = { logits: upload(given.student), values };
    const { out, saved } = expectation.forward(gpu, inputs, {});
    const dOut = gpu.upload(new Float32Array(rows).fill(1));
    const gradients = expectation.backward(gpu, dOut, { inputs, out, saved, attrs: {}, wanted: new Set(["logits"]) });
    const [expected, gradient] = await gpu.readAll([out, gradients.logits as Tensor]);
    fused.values.forEach((value, n) => assertAlmostEquals(value, expected[n], 2e-6));
    fused.gradient.forEach((slope, i) => assertAlmostEquals(slope, gradient[i], 2e-7));
  }
});

gpuTest("ratioExpectation of equal policies is exactly 0, with gradients exactly 0, whatever c", async (gpu) => {
  const logits = logitsOf(3 * 37, (i) => 20 * Math.sin(i * i));
  for (const c of [0.5, 7, 1e6]) {
    const { values, gradient, slope } = await run(gpu, { student: logits, teacher: logits }, [3, 37], { c, bias: 0 });
    assert(values.every((value) => value === 0), `${values}`);
    assert(gradient.every((value) => value === 0));
    assertEquals(slope, 0);
  }
});

gpuTest("ratioExpectation: a large c gives half the gradient of 4 TV, and both means are 2 TV apart", async (gpu) => {
  const [rows, size] = [5, 45];
  const given = { student: logitsOf(rows * size, student), teacher: logitsOf(rows * size, teacher) };
  const attrs = { c: 1e6, bias: 0 };
  const own = await run(gpu, given, [rows, size], attrs);
  const theirs = await run(gpu, { ...given, policy: given.teacher }, [rows, size], attrs);
  const inputs = { student: gpu.upload(given.student, [rows, size]), teacher: gpu.upload(given.teacher, [rows, size]) };
  const tv = totalVariation.forward(gpu, inputs, { temperature: 1 });
  const dOut = gpu.upload(new Float32Array(rows).fill(-2));
  const context = { ...tv, inputs, attrs: { temperature: 1 }, wanted: new Set(["student"] as const) };
  const [distance, gradient] = await gpu.readAll([tv.out, totalVariation.backward(gpu, dOut, context).student!]);
  own.values.forEach((value, n) => assertAlmostEquals(theirs.values[n] - value, 2 * distance[n], 2e-6));
  own.gradient.forEach((slope, i) => assertAlmostEquals(slope, gradient[i], 1e-6));
});

gpuTest(
  "ratioExpectation: log-ratios of hundreds, and logits of 1e30, give the reference's finite values",
  async (gpu) => {
    const rows: readonly ((i: number) => readonly [number, number])[] = [
      (i) => i % 2 === 0 ? [300, 0] : [0, 300],
      (i) => i % 2 === 0 ? [50, -50] : [-50, 50],
      (i) => i % 2 === 0 ? [900, -900] : [-900, 900],
      (i) => i % 2 === 0 ? [300, 200 + i] : [i, 0],
      (i) => i % 2 === 0 ? [-1e30, -1e30] : [i, 3],
      (i) => i % 2 === 0 ? [-1e30, 1] : [i, -1e30],
    ];
    for (const size of [26, 52]) {
      const shape = [rows.length, size];
      const fill = (which: 0 | 1) => logitsOf(rows.length * size, (i) => rows[Math.floor(i / size)](i % size)[which]);
      for (const attrs of [HALF, { c: 100, bias: 0 }, { c: 0.5, bias: 3 }]) {
        const given = { student: fill(0), teacher: fill(1) };
        for (const policy of [given.student, given.teacher]) {
          const { values, gradient, slope } = await run(gpu, { ...given, policy }, shape, attrs);
          const exact = (data: Logits) => ({ shape, data: Float64Array.from(data) });
          const logScale = { shape: [1], data: Float64Array.of(0) };
          const inputs = {
            policy: exact(policy),
            teacher: exact(given.teacher),
            student: exact(given.student),
            logScale,
          };
          ratioExpectation.reference(inputs, attrs).data.forEach((expected, n) =>
            assertAlmostEquals(values[n], expected, 2e-6, `row ${n}`)
          );
          assert([...gradient, slope].every(Number.isFinite));
        }
      }
    }
  },
);

gpuTest("ratioExpectation computes only the gradients that are wanted", async (gpu) => {
  const logits = gpu.upload(logitsOf(18, student), [2, 9]);
  const inputs = { policy: logits, teacher: logits, student: logits, logScale: gpu.upload(Float32Array.of(0)) };
  const { out, saved } = ratioExpectation.forward(gpu, inputs, HALF);
  const dOut = gpu.upload(Float32Array.of(1, 1));
  const gradients = (name: "policy" | "logScale") =>
    ratioExpectation.backward(gpu, dOut, { inputs, out, saved, attrs: HALF, wanted: new Set([name]) });
  assert(gradients("policy").policy && !gradients("policy").logScale);
  assert(gradients("logScale").logScale && !gradients("logScale").policy);
  await gpu.settle();
});

gpuTest("ratioExpectation refuses a c that is not positive and a bias that is not finite", async (gpu) => {
  const logits = gpu.allocate([1, 4]);
  const inputs = { policy: logits, teacher: logits, student: logits, logScale: gpu.allocate([1]) };
  for (
    const [attrs, message] of [
      [{ c: 0, bias: 0 }, "c is 0, not a positive number"],
      [{ c: Infinity, bias: 0 }, "c is Infinity, not a positive number"],
      [{ c: 1, bias: NaN }, "bias is NaN, not a finite number"],
    ] as const
  ) {
    assertThrows(
      () => ratioExpectation.forward(gpu, inputs, attrs),
      RangeError,
      `Cannot run ratioExpectation: ${message}`,
    );
  }
  await gpu.settle();
});

import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkOp, type OpCase } from "../check_op.ts";
import type { TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Shape } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import type { Divergence } from "./divergence.ts";

type Logits = Float32Array<ArrayBuffer>;

/** The attributes of a divergence other than its temperature. */
type Parameters<Attrs extends TemperatureAttrs> = Omit<Attrs, "temperature">;

/** The values of a divergence, and their gradients with respect to the student's logits, for a `dOut` of 1. */
export async function runDivergence<Attrs extends TemperatureAttrs>(
  gpu: Gpu,
  op: Divergence<Attrs>,
  { student, teacher }: { readonly student: Logits; readonly teacher: Logits },
  shape: Shape,
  attrs: Attrs,
): Promise<{ values: Float32Array; gradient: Float32Array }> {
  const inputs = { student: gpu.upload(student, shape), teacher: gpu.upload(teacher, shape) };
  const { out, saved } = op.forward(gpu, inputs, attrs);
  const dOut = gpu.upload(new Float32Array(shape[0]).fill(1));
  const context = { inputs, out, saved, attrs, wanted: new Set(["student"] as const) };
  const [values, gradient] = await gpu.readAll([out, op.backward(gpu, dOut, context).student!]);
  return { values: Float32Array.from(values), gradient: Float32Array.from(gradient) };
}

const student = (i: number) => 4 * Math.sin(i * i);
const teacher = (i: number) => 5 * Math.cos(3 * i * i);
const logitsOf = (size: number, logit: (i: number) => number) =>
  Float32Array.from({ length: size }, (_, i) => logit(i));

/**
 * Registers the tests of a divergence for each of the given parameters: those of `checkOp`, and the laws that hold for every
 * divergence. It is exactly 0, with gradient exactly 0, where both policies are equal; it is not negative beyond rounding; it is
 * finite where probabilities are 0; and a temperature divides the logits.
 */
export function checkDivergence<Attrs extends TemperatureAttrs>(
  op: Divergence<Attrs>,
  parameters: readonly Parameters<Attrs>[],
): void {
  for (const given of parameters) {
    const attrsAt = (temperature: number) => ({ ...given, temperature }) as Attrs;
    const settings = Object.entries(given).map(([name, value]) => `, ${name} ${value}`).join("");
    checkOp(op, casesOf(settings, attrsAt));
    const test = (law: string, fn: (gpu: Gpu) => Promise<void>) => gpuTest(`${op.name}${settings}: ${law}`, fn);
    test("equal logits give exactly 0, with gradient exactly 0", (gpu) => checkEquality(gpu, op, attrsAt));
    test("it is never negative beyond rounding", (gpu) => checkSign(gpu, op, attrsAt(1)));
    test("probabilities of 0 give the reference's finite values", (gpu) => checkZeros(gpu, op, attrsAt(1)));
    test("at a temperature it is that of divided logits, its gradient divided once more", (gpu) =>
      checkTemperature(gpu, op, attrsAt));
    test("a temperature that is not positive is refused", (gpu) => checkRefusedTemperatures(gpu, op, attrsAt));
  }
}

type AttrsAt<Attrs> = (temperature: number) => Attrs;

function casesOf<Attrs>(settings: string, attrsAt: AttrsAt<Attrs>): OpCase<"student" | "teacher", Attrs>[] {
  return [
    { label: `one entry${settings}`, inputs: { student: [1, 1], teacher: [1, 1] }, attrs: attrsAt(1) },
    {
      label: `odd sizes${settings}`,
      inputs: { student: [7, 37], teacher: [7, 37] },
      attrs: attrsAt(1),
      fill: { student, teacher },
    },
    { label: `rows read in fours${settings}`, inputs: { student: [5, 52], teacher: [5, 52] }, attrs: attrsAt(0.5) },
    {
      label: `a vocabulary, temperature 2${settings}`,
      inputs: { student: [9, 2048], teacher: [9, 2048] },
      attrs: attrsAt(2),
      fill: { student, teacher },
    },
  ];
}

async function checkTemperature<Attrs extends TemperatureAttrs>(
  gpu: Gpu,
  op: Divergence<Attrs>,
  attrsAt: AttrsAt<Attrs>,
): Promise<void> {
  const shape = [4, 45];
  const logits = (divisor: number) => ({
    student: logitsOf(4 * 45, (i) => student(i) / divisor),
    teacher: logitsOf(4 * 45, (i) => teacher(i) / divisor),
  });
  const warm = await runDivergence(gpu, op, logits(1), shape, attrsAt(4));
  const divided = await runDivergence(gpu, op, logits(4), shape, attrsAt(1));
  warm.values.forEach((value, i) => assertAlmostEquals(value, divided.values[i], 1e-6));
  warm.gradient.forEach((slope, i) => assertAlmostEquals(slope, divided.gradient[i] / 4, 1e-7));
}

async function checkRefusedTemperatures<Attrs extends TemperatureAttrs>(
  gpu: Gpu,
  op: Divergence<Attrs>,
  attrsAt: AttrsAt<Attrs>,
): Promise<void> {
  const logits = gpu.allocate([1, 4]);
  for (const temperature of [0, -1, NaN]) {
    assertThrows(
      () => op.forward(gpu, { student: logits, teacher: logits }, attrsAt(temperature)),
      RangeError,
      `Cannot run ${op.name}: temperature is ${temperature}, not positive`,
    );
  }
  await gpu.settle();
}

async function checkEquality<Attrs extends TemperatureAttrs>(
  gpu: Gpu,
  op: Divergence<Attrs>,
  attrsAt: AttrsAt<Attrs>,
): Promise<void> {
  for (const [rows, vocabSize] of [[1, 1], [3, 37], [6, 2048]]) {
    for (const temperature of [1, 0.7]) {
      const logits = logitsOf(rows * vocabSize, (i) => 20 * Math.sin(i * i));
      const policies = { student: logits, teacher: logits };
      const { values, gradient } = await runDivergence(gpu, op, policies, [rows, vocabSize], attrsAt(temperature));
      assert(values.every((value) => value === 0), `${values}`);
      assert(gradient.every((slope) => slope === 0));
    }
  }
}

/** Checks policies that are nearly equal, where a sum of rounded terms would first fall below 0. */
async function checkSign<Attrs extends TemperatureAttrs>(gpu: Gpu, op: Divergence<Attrs>, attrs: Attrs): Promise<void> {
  const logit = fc.double({ min: -15, max: 15, noNaN: true });
  const change = fc.double({ min: -1, max: 1, noNaN: true });
  const row = fc.array(fc.tuple(logit, change), { minLength: 1, maxLength: 70 });
  await fc.assert(
    fc.asyncProperty(row, fc.constantFrom(1, 1e-3), async (entries, scale) => {
      const student = Float32Array.from(entries, ([logit]) => logit);
      const teacher = Float32Array.from(entries, ([logit, change]) => logit + scale * change);
      const { values: [value] } = await runDivergence(gpu, op, { student, teacher }, [1, entries.length], attrs);
      assert(value >= -2e-6, `${value}`);
    }),
    { numRuns: 40, seed: 1 },
  );
}

/** Checks rows in which either policy, both or neither has actions of probability 0, in float32 and partly in float64. */
async function checkZeros<Attrs extends TemperatureAttrs>(
  gpu: Gpu,
  op: Divergence<Attrs>,
  attrs: Attrs,
): Promise<void> {
  for (const vocabSize of [26, 52]) {
    const rows: readonly ((i: number) => readonly [number, number])[] = [
      (i) => i % 2 === 0 ? [300, 0] : [0, 300],
      (i) => i % 2 === 0 ? [900, -900] : [-900, 900],
      (i) => i % 2 === 0 ? [0, 300] : [0, 0],
      (i) => i % 2 === 0 ? [300, 0] : [0, 0],
      (i) => i % 2 === 0 ? [300, 200 + i] : [i, 0],
      (i) => i % 2 === 0 ? [-1e30, -1e30] : [i, 3],
    ];
    const shape = [rows.length, vocabSize];
    const fill = (which: 0 | 1) =>
      logitsOf(rows.length * vocabSize, (i) => rows[Math.floor(i / vocabSize)](i % vocabSize)[which]);
    const policies = { student: fill(0), teacher: fill(1) };
    const { values, gradient } = await runDivergence(gpu, op, policies, shape, attrs);
    const exact = (logits: Logits) => ({ shape, data: Float64Array.from(logits) });
    const inputs = { student: exact(policies.student), teacher: exact(policies.teacher) };
    op.reference(inputs, attrs).data.forEach((expected, n) =>
      assertAlmostEquals(values[n], expected, 2e-6 * Math.max(1, Math.abs(expected)), `row ${n}`)
    );
    assert(gradient.every((slope) => Number.isFinite(slope)));
  }
}

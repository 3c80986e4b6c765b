import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Shape } from "../runtime/tensor.ts";
import { testGpu } from "../test_gpu.ts";
import { forwardKl } from "./forward_kl.ts";

const student = (i: number) => 4 * Math.sin(i * i);
const teacher = (i: number) => 5 * Math.cos(3 * i * i);

checkOp(forwardKl, [
  { label: "one entry", inputs: { student: [1, 1], teacher: [1, 1] }, attrs: { temperature: 1 } },
  {
    label: "odd sizes",
    inputs: { student: [7, 37], teacher: [7, 37] },
    attrs: { temperature: 1 },
    fill: { student, teacher },
  },
  { label: "rows read in fours", inputs: { student: [5, 52], teacher: [5, 52] }, attrs: { temperature: 0.5 } },
  {
    label: "a vocabulary, temperature 2",
    inputs: { student: [33, 2048], teacher: [33, 2048] },
    attrs: { temperature: 2 },
    fill: { student, teacher },
  },
]);

const test = (name: string, fn: (gpu: Gpu) => Promise<void>) =>
  Deno.test({ name, sanitizeResources: false, fn: async () => await fn(await testGpu()) });

type Logits = Float32Array<ArrayBuffer>;

async function run(gpu: Gpu, student: Logits, teacher: Logits, shape: Shape, temperature = 1) {
  const inputs = { student: gpu.upload(student, shape), teacher: gpu.upload(teacher, shape) };
  const { out, saved } = forwardKl.forward(gpu, inputs, { temperature });
  const dOut = gpu.upload(new Float32Array(shape[0]).fill(1));
  const context = { inputs, out, saved, attrs: { temperature }, wanted: new Set(["student"] as const) };
  const [values, gradient] = await gpu.readAll([out, forwardKl.backward(gpu, dOut, context).student!]);
  return { values, gradient };
}

test("forwardKl of equal logits is exactly 0, with gradient exactly 0", async (gpu) => {
  for (const [rows, vocabSize] of [[1, 1], [3, 37], [6, 2048]]) {
    for (const temperature of [1, 0.7]) {
      const logits = Float32Array.from({ length: rows * vocabSize }, (_, i) => 20 * Math.sin(i * i));
      const { values, gradient } = await run(gpu, logits, logits, [rows, vocabSize], temperature);
      assert(values.every((value) => value === 0) && gradient.every((slope) => slope === 0));
    }
  }
});

test("forwardKl is never negative beyond rounding", async (gpu) => {
  const row = fc.array(
    fc.tuple(fc.double({ min: -15, max: 15, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })),
    {
      minLength: 1,
      maxLength: 70,
    },
  );
  await fc.assert(
    fc.asyncProperty(row, async (entries) => {
      const student = Float32Array.from(entries, ([logit]) => logit);
      const teacher = Float32Array.from(entries, ([logit, change]) => logit + change);
      const { values: [value] } = await run(gpu, student, teacher, [1, entries.length]);
      assert(value >= -2e-6, `${value}`);
    }),
    { numRuns: 40, seed: 1 },
  );
});

test("forwardKl at a temperature is forwardKl of divided logits, its gradient divided once more", async (gpu) => {
  const shape = [4, 45];
  const logits = (value: (i: number) => number) => Float32Array.from({ length: 4 * 45 }, (_, i) => value(i));
  const warm = await run(gpu, logits(student), logits(teacher), shape, 4);
  const divided = await run(gpu, logits((i) => student(i) / 4), logits((i) => teacher(i) / 4), shape, 1);
  warm.values.forEach((value, i) => assertAlmostEquals(value, divided.values[i], 1e-6));
  warm.gradient.forEach((slope, i) => assertAlmostEquals(slope, divided.gradient[i] / 4, 1e-7));
});

test("forwardKl refuses a temperature that is not positive", async (gpu) => {
  const logits = gpu.allocate([1, 4]);
  assertThrows(
    () => forwardKl.forward(gpu, { student: logits, teacher: logits }, { temperature: 0 }),
    RangeError,
    "Cannot run forwardKl: temperature is 0, not positive",
  );
  await gpu.settle();
});

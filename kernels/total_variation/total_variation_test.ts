import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkOp } from "../check_op.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Shape } from "../runtime/tensor.ts";
import { testGpu } from "../test_gpu.ts";
import { totalVariation } from "./total_variation.ts";

const student = (i: number) => 4 * Math.sin(i * i);
const teacher = (i: number) => 5 * Math.cos(3 * i * i);

checkOp(totalVariation, [
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

async function run(gpu: Gpu, student: Logits, teacher: Logits, shape: Shape) {
  const attrs = { temperature: 1 };
  const inputs = { student: gpu.upload(student, shape), teacher: gpu.upload(teacher, shape) };
  const { out, saved } = totalVariation.forward(gpu, inputs, attrs);
  const { out: kl } = forwardKl.forward(gpu, inputs, attrs);
  const dOut = gpu.upload(new Float32Array(shape[0]).fill(1));
  const context = { inputs, out, saved, attrs, wanted: new Set(["student"] as const) };
  const [values, divergences, gradient] = await gpu.readAll([
    out,
    kl,
    totalVariation.backward(gpu, dOut, context).student!,
  ]);
  return { values, divergences, gradient };
}

test("totalVariation of equal logits is exactly 0, with gradient exactly 0", async (gpu) => {
  for (const [rows, vocabSize] of [[1, 1], [3, 37], [6, 2048]]) {
    const logits = Float32Array.from({ length: rows * vocabSize }, (_, i) => 20 * Math.sin(i * i));
    const { values, gradient } = await run(gpu, logits, logits, [rows, vocabSize]);
    assert(values.every((value) => value === 0) && gradient.every((slope) => slope === 0));
  }
});

test("totalVariation of policies that share no action is 1", async (gpu) => {
  const student = Float32Array.from({ length: 26 }, (_, i) => i % 2 === 0 ? 300 : 0);
  const { values: [value] } = await run(gpu, student, student.map((logit) => 300 - logit), [1, 26]);
  assertAlmostEquals(value, 1, 1e-6);
});

test("totalVariation lies in [0, 1], is symmetric, and keeps Pinsker's bound 2 TV² ≤ KL", async (gpu) => {
  const logit = fc.double({ min: -9, max: 9, noNaN: true });
  const row = fc.array(fc.tuple(logit, logit), { minLength: 1, maxLength: 70 });
  await fc.assert(
    fc.asyncProperty(row, async (entries) => {
      const student = Float32Array.from(entries, ([logit]) => logit);
      const teacher = Float32Array.from(entries, ([_, logit]) => logit);
      const { values: [value], divergences: [kl] } = await run(gpu, student, teacher, [1, entries.length]);
      const { values: [reversed] } = await run(gpu, teacher, student, [1, entries.length]);
      assert(value >= 0 && value <= 1 + 1e-6, `${value}`);
      assertAlmostEquals(value, reversed, 1e-6);
      assert(2 * value * value <= kl + 1e-5, `2 · ${value}² > ${kl}`);
    }),
    { numRuns: 30, seed: 1 },
  );
});

test("totalVariation refuses a temperature that is not positive", async (gpu) => {
  const logits = gpu.allocate([1, 4]);
  assertThrows(
    () => totalVariation.forward(gpu, { student: logits, teacher: logits }, { temperature: -1 }),
    RangeError,
    "Cannot run totalVariation: temperature is -1, not positive",
  );
  await gpu.settle();
});

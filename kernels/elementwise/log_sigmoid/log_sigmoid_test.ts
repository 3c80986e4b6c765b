import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import type { Gpu } from "../../runtime/gpu.ts";
import { gpuTest } from "../../test_gpu.ts";
import { logSigmoid } from "./log_sigmoid.ts";

checkOp(logSigmoid, [
  { label: "one element", inputs: { x: [1] }, attrs: {} },
  { label: "odd sizes", inputs: { x: [7, 37] }, attrs: {}, fill: { x: (i) => 6 * Math.sin(i * i) } },
  { label: "many elements", inputs: { x: [203, 64] }, attrs: {} },
]);

/** The values at x, and the gradients where that of the output is 1. */
async function run(gpu: Gpu, x: readonly number[]): Promise<{ values: number[]; gradients: number[] }> {
  const inputs = { x: gpu.upload(Float32Array.from(x)) };
  const { out, saved } = logSigmoid.forward(gpu, inputs, {});
  const dOut = gpu.upload(new Float32Array(x.length).fill(1));
  const context = { inputs, out, saved, attrs: {}, wanted: new Set(["x"] as const) };
  const [values, gradients] = await gpu.readAll([out, logSigmoid.backward(gpu, dOut, context).x!]);
  return { values: [...values], gradients: [...gradients] };
}

gpuTest("logSigmoid: neither value nor gradient overflows at ±100, ±1000 and the ends of float32", async (gpu) => {
  const { values, gradients } = await run(gpu, [100, -100, 1000, -1000, 3e38, -3e38, 0]);
  const close = (actual: readonly number[], expected: readonly number[]) =>
    expected.forEach((value, i) =>
      assertAlmostEquals(actual[i], value, 1e-7 * Math.max(1, Math.abs(value)), `at ${i}`)
    );
  close(values, [0, -100, 0, -1000, 0, -Math.fround(3e38), -Math.LN2]);
  close(gradients, [0, 1, 0, 1, 0, 1, 0.5]);
});

gpuTest(
  "logSigmoid and its gradient are as exact as WGSL's exp, relative to themselves, also where they are nearly 0",
  async (gpu) => {
    const x = Array.from({ length: 1001 }, (_, i) => Math.fround((i - 500) / 25));
    const { values, gradients } = await run(gpu, x);
    x.forEach((argument, i) => {
      const e = Math.exp(-Math.abs(argument));
      const value = Math.min(argument, 0) - Math.log1p(e);
      const gradient = (argument > 0 ? e : 1) / (1 + e);
      // WGSL lets exp(x) be off by 3 + 2|x| units in the last place; two more are those of the rest.
      const allowed = (5 + 2 * Math.abs(argument)) * 2 ** -23;
      assert(Math.abs(values[i] / value - 1) <= allowed, `logSigmoid(${argument}) is ${values[i]}, expected ${value}`);
      assert(Math.abs(gradients[i] / gradient - 1) <= allowed, `its gradient is ${gradients[i]}, expected ${gradient}`);
    });
  },
);

gpuTest("logSigmoid(x) − logSigmoid(−x) = x: the two preferences of a pair differ by its logit", async (gpu) => {
  const x = Array.from({ length: 201 }, (_, i) => Math.fround((i - 100) / 7));
  const [there, back] = [await run(gpu, x), await run(gpu, x.map((value) => -value))];
  x.forEach((value, i) => assertAlmostEquals(there.values[i] - back.values[i], value, 2e-6));
  assertEquals(there.gradients[100], 0.5);
});

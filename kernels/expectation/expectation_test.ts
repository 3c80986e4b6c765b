import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { pick } from "../pick/pick.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import { expectation } from "./expectation.ts";

const logits = (i: number) => 4 * Math.sin(i * i);

checkOp(expectation, [
  { label: "one entry", inputs: { logits: [1, 1], values: [1, 1] }, attrs: {} },
  { label: "odd sizes", inputs: { logits: [7, 37], values: [7, 37] }, attrs: {}, fill: { logits } },
  { label: "rows read in fours", inputs: { logits: [5, 52], values: [5, 52] }, attrs: {} },
  { label: "a vocabulary", inputs: { logits: [33, 2048], values: [33, 2048] }, attrs: {}, fill: { logits } },
]);

const uploadRows = (gpu: Gpu, [rows, size]: [number, number], value: (index: number) => number) =>
  gpu.upload(Float32Array.from({ length: rows * size }, (_, i) => value(i)), [rows, size]);

function gradients(gpu: Gpu, inputs: { logits: Tensor; values: Tensor }, wanted: readonly ("logits" | "values")[]) {
  const { out, saved } = expectation.forward(gpu, inputs, {});
  const dOut = gpu.upload(Float32Array.from({ length: out.shape[0] }, (_, n) => n + 1));
  return expectation.backward(gpu, dOut, { inputs, out, saved, attrs: {}, wanted: new Set(wanted) });
}

gpuTest("expectation of a constant is that constant, and pushes no logit", async (gpu) => {
  const inputs = { logits: uploadRows(gpu, [3, 50], logits), values: uploadRows(gpu, [3, 50], () => 0.75) };
  const { out } = expectation.forward(gpu, inputs, {});
  for (const value of await gpu.read(out)) assertAlmostEquals(value, 0.75, 1e-6);
  const { logits: dLogits } = gradients(gpu, inputs, ["logits"]);
  for (const value of await gpu.read(dLogits!)) assertAlmostEquals(value, 0, 1e-6);
});

gpuTest("expectation under even logits is the mean", async (gpu) => {
  const inputs = { logits: uploadRows(gpu, [2, 40], () => -3), values: uploadRows(gpu, [2, 40], (i) => i) };
  const { out } = expectation.forward(gpu, inputs, {});
  const [first, second] = await gpu.read(out);
  assertAlmostEquals(first, 19.5, 1e-5);
  assertAlmostEquals(second, 59.5, 1e-5);
});

gpuTest("expectation under a policy that is certain of its action picks that action's value", async (gpu) => {
  const ids = Uint32Array.of(0, 6, 3, 12);
  const shape: [number, number] = [4, 13];
  const certain = uploadRows(gpu, shape, (i) => i % 13 === ids[Math.floor(i / 13)] ? 200 : 0);
  const values = uploadRows(gpu, shape, (i) => Math.sin(i));
  const { out } = expectation.forward(gpu, { logits: certain, values }, {});
  const { out: picked } = pick.forward(gpu, { values, ids: gpu.upload(ids) }, {});
  assertEquals(...(await gpu.readAll([out, picked]) as [Float32Array, Float32Array]));
});

gpuTest("expectation: the gradient of the values sums to dOut in every row", async (gpu) => {
  const inputs = { logits: uploadRows(gpu, [3, 301], logits), values: uploadRows(gpu, [3, 301], (i) => Math.cos(i)) };
  const dValues = Array.from(await gpu.read(gradients(gpu, inputs, ["values"]).values!));
  for (let n = 0; n < 3; n++) {
    assertAlmostEquals(dValues.slice(n * 301, (n + 1) * 301).reduce((sum, value) => sum + value, 0), n + 1, 1e-5);
  }
});

gpuTest("expectation computes only the gradients that are wanted", async (gpu) => {
  const inputs = { logits: uploadRows(gpu, [2, 9], logits), values: uploadRows(gpu, [2, 9], logits) };
  const onlyLogits = gradients(gpu, inputs, ["logits"]);
  const onlyValues = gradients(gpu, inputs, ["values"]);
  assert(onlyLogits.logits && !onlyLogits.values);
  assert(onlyValues.values && !onlyValues.logits);
  await gpu.settle();
});

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Array64 } from "../op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Shape } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import { logMixture } from "./log_mixture.ts";
import { logMixtureReference } from "./log_mixture_reference.ts";

type Logits = Float32Array<ArrayBuffer>;

const filled = ([rows, vocabSize]: Shape, value: (i: number) => number): Logits =>
  Float32Array.from({ length: rows * vocabSize }, (_, i) => value(i));
const asArray64 = (data: Logits, shape: Shape): Array64 => ({ shape, data: Float64Array.from(data) });
const first = (i: number) => 4 * Math.sin(i * i);
const second = (i: number) => 5 * Math.cos(3 * i * i);

async function run(gpu: Gpu, one: Logits, other: Logits, shape: Shape, weight: number): Promise<Float32Array> {
  const tensors = { first: gpu.upload(one, shape), second: gpu.upload(other, shape) };
  const out = logMixture(gpu, tensors, weight);
  assertEquals(out.shape, shape);
  const values = await gpu.read(out) as Float32Array;
  for (const tensor of [...Object.values(tensors), out]) gpu.release(tensor);
  return values;
}

for (const shape of [[1, 1], [7, 37], [5, 52], [33, 2048], [3, 50_257]]) {
  gpuTest(`logMixture equals the reference: [${shape}]`, async (gpu) => {
    const [one, other] = [filled(shape, first), filled(shape, second)];
    for (const weight of [0, 1e-6, 0.2, 0.5, 0.93, 1]) {
      const values = await run(gpu, one, other, shape, weight);
      const expected = logMixtureReference({ first: asArray64(one, shape), second: asArray64(other, shape) }, weight);
      // Sums of tens of thousands of terms are rounded to about 1e-5.
      const tolerance = shape[1] > 10_000 ? 2e-5 : 2e-6;
      expected.data.forEach((value, i) =>
        assertAlmostEquals(values[i], value, tolerance * Math.max(1, -value), `${i}`)
      );
    }
  });
}

gpuTest("logMixture gives the logarithms of probabilities: every row sums to 1", async (gpu) => {
  const shape = [4, 61];
  const values = await run(gpu, filled(shape, first), filled(shape, second), shape, 0.2);
  for (let n = 0; n < 4; n++) {
    const total = values.subarray(61 * n, 61 * (n + 1)).reduce((sum, value) => sum + Math.exp(value), 0);
    assertAlmostEquals(total, 1, 2e-6);
  }
});

gpuTest("logMixture of a policy with itself is that policy, at every weight", async (gpu) => {
  const shape = [3, 37];
  const logits = filled(shape, first);
  const alone = await run(gpu, logits, logits, shape, 0);
  for (const weight of [0.3, 0.5, 1]) {
    const mixed = await run(gpu, logits, logits, shape, weight);
    mixed.forEach((value, i) => assertAlmostEquals(value, alone[i], 2e-6 * Math.max(1, -alone[i])));
  }
});

gpuTest(
  "logMixture takes its parts by their weight: exchanged policies at the complement give the same",
  async (gpu) => {
    const shape = [4, 52];
    const [one, other] = [filled(shape, first), filled(shape, second)];
    const [values, exchanged] = [await run(gpu, one, other, shape, 0.25), await run(gpu, other, one, shape, 0.75)];
    assertEquals(exchanged, values);
  },
);

gpuTest("logMixture is finite where one policy, or both, all but rule a token out", async (gpu) => {
  const shape = [3, 8];
  const one = filled(shape, (i) => i % 4 === 0 ? 1e4 : -1e4);
  const other = filled(shape, (i) => i % 4 === 1 ? 300 : -300);
  const values = await run(gpu, one, other, shape, 0.2);
  const expected = logMixtureReference({ first: asArray64(one, shape), second: asArray64(other, shape) }, 0.2);
  expected.data.forEach((value, i) => assertAlmostEquals(values[i], value, 2e-6 * Math.max(1, -value)));
});

gpuTest("logMixture gives equal bits in two runs", async (gpu) => {
  const shape = [9, 1003];
  const [one, other] = [filled(shape, first), filled(shape, second)];
  const bits = async () => new Uint32Array((await run(gpu, one, other, shape, 0.2)).buffer);
  const before = await bits();
  assert(new Set(before).size > 100);
  assertEquals(await bits(), before);
});

gpuTest("logMixture refuses a weight outside 0 to 1, and shapes that differ", async (gpu) => {
  const logits = gpu.allocate([2, 4]);
  for (const weight of [-0.1, 1.1, NaN]) {
    assertThrows(
      () => logMixture(gpu, { first: logits, second: logits }, weight),
      RangeError,
      `Cannot run logMixture: weight is ${weight} but must be from 0 to 1`,
    );
  }
  assertThrows(
    () => logMixture(gpu, { first: logits, second: gpu.allocate([2, 5]) }, 0.5),
    RangeError,
    "axis V of second is 5 but was 4 in first",
  );
  await gpu.settle();
});

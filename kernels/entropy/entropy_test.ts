import { assert, assertAlmostEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Shape } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import { entropy } from "./entropy.ts";

const logits = (i: number) => 4 * Math.sin(i * i);

checkOp(entropy, [
  { label: "one entry", inputs: { logits: [1, 1] }, attrs: {} },
  { label: "odd sizes", inputs: { logits: [7, 37] }, attrs: {}, fill: { logits } },
  { label: "rows read in fours", inputs: { logits: [5, 52] }, attrs: {} },
  { label: "a vocabulary", inputs: { logits: [33, 2048] }, attrs: {}, fill: { logits } },
]);

async function run(gpu: Gpu, values: ArrayLike<number>, shape: Shape) {
  const inputs = { logits: gpu.upload(Float32Array.from(values), shape) };
  const { out, saved } = entropy.forward(gpu, inputs, {});
  const dOut = gpu.upload(new Float32Array(shape[0]).fill(1));
  const context = { inputs, out, saved, attrs: {}, wanted: new Set(["logits"] as const) };
  const [values_, gradient] = await gpu.readAll([out, entropy.backward(gpu, dOut, context).logits!]);
  return { out: values_, gradient };
}

gpuTest("entropy is largest, log V with gradient 0, at even logits", async (gpu) => {
  for (const vocabSize of [1, 5, 64, 1000]) {
    const { out: [value], gradient } = await run(gpu, new Float32Array(vocabSize).fill(2), [1, vocabSize]);
    assertAlmostEquals(value, Math.log(vocabSize), 1e-5);
    for (const slope of gradient) assertAlmostEquals(slope, 0, 1e-6);
  }
});

gpuTest("entropy of a certain policy is 0, with gradient 0", async (gpu) => {
  const { out: [value], gradient } = await run(gpu, Float32Array.from({ length: 21 }, (_, i) => i === 4 ? 300 : 0), [
    1,
    21,
  ]);
  assert(value === 0 && gradient.every((slope) => slope === 0));
});

gpuTest("entropy of a policy even over two actions is log 2, whatever is added to the logits", async (gpu) => {
  for (const shift of [0, -90, 5000]) {
    const { out: [value] } = await run(gpu, [shift, shift - 200, shift, shift - 300, shift - 250], [1, 5]);
    assertAlmostEquals(value, Math.LN2, 1e-6);
  }
});

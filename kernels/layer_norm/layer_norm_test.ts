import { assert } from "@std/assert";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { layerNorm } from "./layer_norm.ts";

checkOp(layerNorm, [
  { label: "one element", inputs: { x: [1, 1], weight: [1], bias: [1] }, attrs: { eps: 1e-5 } },
  { label: "odd sizes", inputs: { x: [7, 37], weight: [37], bias: [37] }, attrs: { eps: 1e-5 } },
  { label: "rows of a multiple of 4", inputs: { x: [5, 52], weight: [52], bias: [52] }, attrs: { eps: 1e-5 } },
  { label: "many rows", inputs: { x: [203, 64], weight: [64], bias: [64] }, attrs: { eps: 1e-6 } },
]);

const [rows, size] = [3, 100];
const values = Float32Array.from({ length: rows * size }, (_, i) => Math.sin(i * i));

async function normalised(gpu: Gpu, x: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const weight = gpu.upload(new Float32Array(size).fill(1));
  const bias = gpu.upload(new Float32Array(size));
  const { out } = layerNorm.forward(gpu, { x: gpu.upload(x, [rows, size]), weight, bias }, { eps: 0 });
  return await gpu.read(out) as Float32Array;
}

gpuTest("layerNorm: a row comes out with mean 0 and biased variance 1", async (gpu) => {
  const out = await normalised(gpu, values);
  for (let n = 0; n < rows; n++) {
    const row = Array.from(out.subarray(n * size, (n + 1) * size));
    const mean = row.reduce((sum, value) => sum + value, 0) / size;
    const variance = row.reduce((sum, value) => sum + value ** 2, 0) / size - mean ** 2;
    assert(Math.abs(mean) < 1e-6 && Math.abs(variance - 1) < 1e-5, `mean ${mean}, variance ${variance}`);
  }
});

gpuTest(
  "layerNorm: a shift and a positive factor of a row change nothing, even a shift of 1,000 deviations",
  async (gpu) => {
    const out = await normalised(gpu, values);
    // Sixteenths, so that float32 holds the shifted row exactly.
    const coarse = values.map((value) => Math.round(16 * value) / 16);
    const coarseOut = await normalised(gpu, coarse);
    const shifted = await normalised(gpu, coarse.map((value) => value + 1024));
    const scaled = await normalised(gpu, values.map((value) => 8 * value));
    out.forEach((value, i) => {
      assert(Math.abs(scaled[i] - value) < 1e-6, `scaled: ${scaled[i]} for ${value}`);
      assert(Math.abs(shifted[i] - coarseOut[i]) < 2e-4, `shifted: ${shifted[i]} for ${coarseOut[i]}`);
    });
  },
);

gpuTest("layerNorm: the gradient of a row is orthogonal to shifts and to the row", async (gpu) => {
  const weight = gpu.upload(Float32Array.from({ length: size }, (_, c) => Math.cos(c)));
  const inputs = { x: gpu.upload(values, [rows, size]), weight, bias: gpu.upload(new Float32Array(size)) };
  const { out, saved } = layerNorm.forward(gpu, inputs, { eps: 0 });
  const dOut = gpu.upload(values.map((_, i) => Math.sin(3 * i + 1)), [rows, size]);
  const context = { inputs, out, saved, attrs: { eps: 0 }, wanted: new Set(["x"] as const) };
  const dX = await gpu.read(layerNorm.backward(gpu, dOut, context).x!);
  for (let n = 0; n < rows; n++) {
    let [shift, along] = [0, 0];
    for (let i = n * size; i < (n + 1) * size; i++) {
      shift += dX[i];
      along += dX[i] * values[i];
    }
    assert(Math.abs(shift) < 1e-5 && Math.abs(along) < 1e-5, `row ${n}: ${shift}, ${along}`);
  }
});

import { assert, assertAlmostEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { rmsNorm } from "./rms_norm.ts";

checkOp(rmsNorm, [
  { label: "one element", inputs: { x: [1, 1], weight: [1] }, attrs: { eps: 1e-5 } },
  { label: "odd sizes", inputs: { x: [7, 37], weight: [37] }, attrs: { eps: 1e-5 } },
  { label: "rows of a multiple of 4", inputs: { x: [5, 52], weight: [52] }, attrs: { eps: 1e-5 } },
  { label: "many rows", inputs: { x: [203, 64], weight: [64] }, attrs: { eps: 1e-6 } },
  { label: "weights less one, odd sizes", inputs: { x: [7, 37], weight: [37] }, attrs: { eps: 1e-5, offset: 1 } },
  { label: "weights less one, many rows", inputs: { x: [203, 64], weight: [64] }, attrs: { eps: 1e-6, offset: 1 } },
]);

const [rows, size] = [3, 100];
const values = Float32Array.from({ length: rows * size }, (_, i) => Math.sin(i * i));

gpuTest("rmsNorm: a row comes out with a mean square of 1, whatever positive factor it had", async (gpu) => {
  const weight = gpu.upload(new Float32Array(size).fill(1));
  const run = (x: Float32Array<ArrayBuffer>) =>
    gpu.read(rmsNorm.forward(gpu, { x: gpu.upload(x, [rows, size]), weight }, { eps: 0 }).out);
  const [out, scaled] = [await run(values), await run(values.map((value) => 8 * value))];
  for (let n = 0; n < rows; n++) {
    const row = Array.from(out.subarray(n * size, (n + 1) * size));
    assertAlmostEquals(row.reduce((sum, value) => sum + value ** 2, 0) / size, 1, 1e-6);
  }
  out.forEach((value, i) => assertAlmostEquals(scaled[i], value, 1e-6));
});

gpuTest("rmsNorm: the gradient of a row is orthogonal to the row", async (gpu) => {
  const weight = gpu.upload(Float32Array.from({ length: size }, (_, c) => Math.cos(c)));
  const inputs = { x: gpu.upload(values, [rows, size]), weight };
  const { out, saved } = rmsNorm.forward(gpu, inputs, { eps: 0 });
  const dOut = gpu.upload(values.map((_, i) => Math.sin(3 * i + 1)), [rows, size]);
  const context = { inputs, out, saved, attrs: { eps: 0 }, wanted: new Set(["x"] as const) };
  const dX = await gpu.read(rmsNorm.backward(gpu, dOut, context).x!);
  for (let n = 0; n < rows; n++) {
    let along = 0;
    let magnitude = 0;
    for (let i = n * size; i < (n + 1) * size; i++) {
      along += dX[i] * values[i];
      magnitude += Math.abs(dX[i] * values[i]);
    }
    assert(magnitude > 1 && Math.abs(along) < 1e-6 * magnitude, `row ${n}: ${along} of ${magnitude}`);
  }
});

import { assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { pick } from "./pick.ts";

const ids = (vocabSize: number) => (row: number) => (row * row * 7 + vocabSize - 1) % vocabSize;

checkOp(pick, [
  { label: "one entry", inputs: { values: [1, 1], ids: [1] }, attrs: {}, fill: { ids: () => 0 } },
  { label: "odd sizes", inputs: { values: [7, 37], ids: [7] }, attrs: {}, fill: { ids: ids(37) } },
  { label: "a vocabulary", inputs: { values: [33, 2048], ids: [33] }, attrs: {}, fill: { ids: ids(2048) } },
]);

gpuTest("pick takes exact entries, and its gradient is exactly 0 but at them", async (gpu) => {
  for (const vocabSize of [5, 12]) {
    const values = Float32Array.from({ length: 3 * vocabSize }, (_, i) => Math.sin(i));
    const taken = [0, 3, vocabSize - 1];
    const inputs = { values: gpu.upload(values, [3, vocabSize]), ids: gpu.upload(Uint32Array.from(taken)) };
    // What the buffer held before must not be seen: it is filled, released and used again for the gradient.
    gpu.release(gpu.upload(new Float32Array(3 * vocabSize).fill(9)));
    const { out, saved } = pick.forward(gpu, inputs, {});
    const dOut = gpu.upload(Float32Array.of(10, 20, 30));
    const context = { inputs, out, saved, attrs: {}, wanted: new Set(["values"] as const) };
    const [picked, gradient] = await gpu.readAll([out, pick.backward(gpu, dOut, context).values!]);
    assertEquals([...picked], taken.map((id, n) => values[n * vocabSize + id]));
    const expected = new Float32Array(3 * vocabSize);
    taken.forEach((id, n) => expected[n * vocabSize + id] = 10 * (n + 1));
    assertEquals(gradient, expected);
  }
});

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { weightedSum } from "./weighted_sum.ts";

checkOp(weightedSum, [
  { label: "one element", inputs: { x: [1], weights: [1] }, attrs: {} },
  { label: "odd size", inputs: { x: [37], weights: [37] }, attrs: {} },
  { label: "many elements", inputs: { x: [5003], weights: [5003] }, attrs: {} },
]);

async function sum(gpu: Gpu, x: readonly number[], weights: readonly number[]): Promise<number> {
  const inputs = { x: gpu.upload(Float32Array.from(x)), weights: gpu.upload(Float32Array.from(weights)) };
  return (await gpu.read(weightedSum.forward(gpu, inputs, {}).out))[0];
}

gpuTest("weightedSum with weights mask / tokens is the mean over the counted tokens", async (gpu) => {
  const mask = Array.from({ length: 50 }, (_, n) => n % 3 === 0 ? 1 : 0);
  const counted = mask.filter((bit) => bit === 1).length;
  const mean = mask.reduce<number>((total, bit, n) => total + bit * n, 0) / counted;
  assertAlmostEquals(await sum(gpu, mask.map((_, n) => n), mask.map((bit) => bit / counted)), mean, 1e-5);
});

gpuTest("weightedSum reaches the last of 262,144 rows", async (gpu) => {
  const size = 262_144;
  assertEquals(await sum(gpu, Array(size).fill(1), Array(size).fill(0.25)), size / 4);
});

gpuTest("weightedSum adds nothing that a buffer holds past the end", async (gpu) => {
  for (let size = 1; size <= 9; size++) {
    gpu.release(gpu.upload(new Float32Array(64).fill(1e6)));
    gpu.flush();
    assertEquals(await sum(gpu, Array(size).fill(1), Array(size).fill(1)), size);
  }
});

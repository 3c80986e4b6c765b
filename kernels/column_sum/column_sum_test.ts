import { assert, assertEquals } from "@std/assert";
import { testGpu } from "../test_gpu.ts";
import { columnSum, partsOfRows } from "./column_sum.ts";

const test = (name: string, fn: () => Promise<void>) => Deno.test({ name, sanitizeResources: false, fn });

test("columnSum equals the float64 sums, for rows below, at and above what one part takes", async () => {
  const gpu = await testGpu();
  for (const [rows, size] of [[1, 1], [3, 37], [64, 5], [65, 8], [4097, 12], [16_384, 3]]) {
    const x = Float32Array.from({ length: rows * size }, (_, i) => Math.sin(i * i));
    const sums = columnSum(gpu, gpu.upload(x, [rows, size]));
    assertEquals(sums.shape, [size]);
    const expected = new Float64Array(size);
    x.forEach((value, i) => expected[i % size] += value);
    (await gpu.read(sums)).forEach((sum, c) => {
      const error = Math.abs(sum - expected[c]);
      assert(error < 1e-6 * rows, `[${rows},${size}] at ${c}: ${sum} for ${expected[c]}`);
    });
  }
});

test("columnSum adds every row once, in whole numbers to the bit", async () => {
  const gpu = await testGpu();
  for (const rows of [63, 128, 129, 5000]) {
    const x = Float32Array.from({ length: rows * 2 }, (_, i) => i % 2 === 0 ? 1 : i >> 1);
    const sums = await gpu.read(columnSum(gpu, gpu.upload(x, [rows, 2])));
    assertEquals([...sums], [rows, rows * (rows - 1) / 2]);
  }
});

Deno.test("partsOfRows splits long sums into at most 64 parts and never into none", () => {
  assertEquals([1, 64, 65, 4096, 1_000_000].map(partsOfRows), [1, 1, 2, 64, 64]);
});

import { assert, assertEquals } from "@std/assert";
import { tuningFor } from "../runtime/tuning.ts";
import { gpuTest, testGpu } from "../test_gpu.ts";
import { partsOfRows } from "./column_kernel.ts";
import { columnSum } from "./column_sum.ts";

const CPU = tuningFor({ description: "llvmpipe", vendor: "", device: "" });

gpuTest("columnSum equals the float64 sums, for rows below, at and above what one part takes", async (gpu) => {
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

gpuTest("columnSum adds every row once, in whole numbers to the bit", async (gpu) => {
  for (const rows of [63, 128, 129, 5000]) {
    const x = Float32Array.from({ length: rows * 2 }, (_, i) => i % 2 === 0 ? 1 : i >> 1);
    const sums = await gpu.read(columnSum(gpu, gpu.upload(x, [rows, 2])));
    assertEquals([...sums], [rows, rows * (rows - 1) / 2]);
  }
});

Deno.test("partsOfRows splits long sums into at most 64 parts and never into none", () => {
  const of = (rowsOfPart: number) => (rows: number) => partsOfRows({ tuning: { ...CPU, rowsOfPart } }, rows);
  assertEquals([1, 64, 65, 4096, 1_000_000].map(of(64)), [1, 1, 2, 64, 64]);
  assertEquals([1, 2048, 2049, 1_000_000].map(of(2048)), [1, 1, 2, 64]);
});

gpuTest("columnSum is the same sum whatever number of parts it is made of, in whole numbers to the bit", async () => {
  for (const rowsOfPart of [3, 64, 100_000]) {
    const gpu = await testGpu({ rowsOfPart });
    for (const [rows, size] of [[5, 7], [129, 8], [1000, 12]]) {
      const x = Float32Array.from({ length: rows * size }, (_, i) => i % 11);
      const expected = new Float32Array(size);
      x.forEach((value, i) => expected[i % size] += value);
      assertEquals(await gpu.read(columnSum(gpu, gpu.upload(x, [rows, size]))), expected);
    }
  }
});

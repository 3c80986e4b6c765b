import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { clipScale, globalNorm } from "./global_norm.ts";
import { clipScaleReference, globalNormReference } from "./global_norm_reference.ts";

const gradient = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 7 * i) * (i % 11));

async function normOf(gpu: Gpu, gradients: readonly Float32Array<ArrayBuffer>[]): Promise<number> {
  const tensors = gradients.map((values) => values.length === 0 ? gpu.allocate([0]) : gpu.upload(values));
  const norm = globalNorm(gpu, tensors);
  for (const tensor of tensors) gpu.release(tensor);
  return (await gpu.read(norm))[0];
}

for (const sizes of [[1], [2], [37], [5, 8193, 1], [70001, 3, 16384], [0, 6]]) {
  gpuTest(`globalNorm equals the float64 reference for sizes ${sizes.join(", ")}`, async (gpu) => {
    const gradients = sizes.map(gradient);
    const expected = globalNormReference(gradients.map((values) => Float64Array.from(values)));
    assertAlmostEquals(await normOf(gpu, gradients), expected, 2e-6 * expected);
  });
}

gpuTest("globalNorm counts no element past the end of a tensor whose size is not a multiple of 4", async (gpu) => {
  for (let size = 1; size <= 9; size++) {
    // What the buffer held before must not be seen: it is filled with large values, released and used again.
    gpu.release(gpu.upload(new Float32Array(64).fill(1e6)));
    gpu.flush();
    assertAlmostEquals(await normOf(gpu, [new Float32Array(size).fill(1)]), Math.sqrt(size), 1e-6);
  }
});

gpuTest("globalNorm of nothing and of zeros is 0", async (gpu) => {
  assertEquals(await normOf(gpu, []), 0);
  assertEquals(await normOf(gpu, [new Float32Array(9), new Float32Array(1)]), 0);
});

gpuTest("globalNorm gives the same bits twice", async (gpu) => {
  const gradients = [gradient(70001, 1), gradient(333, 2)];
  assertEquals(await normOf(gpu, gradients), await normOf(gpu, gradients));
});

gpuTest("clipScale is 1 below the limit and brings the norm to the limit above it", async (gpu) => {
  for (const [norm, limit] of [[0, 1], [0.5, 1], [1, 1], [3, 1], [1e6, 2.5], [7, 100]]) {
    const scale = clipScale(gpu, gpu.upload(Float32Array.of(norm)), limit);
    const [value] = await gpu.read(scale);
    assertAlmostEquals(value, clipScaleReference(norm, limit), 2e-7 * value);
    assert(value <= 1);
  }
});

gpuTest("clipScale refuses a limit that is not positive", async (gpu) => {
  const norm = gpu.upload(Float32Array.of(1));
  assertThrows(() => clipScale(gpu, norm, 0), RangeError, "maxGradNorm is 0, not positive");
  await gpu.settle();
});

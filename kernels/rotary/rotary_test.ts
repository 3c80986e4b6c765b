import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { rotary } from "./rotary.ts";
import { rotaryReference } from "./rotary_reference.ts";

const smallest = { numHeads: 1, numKvHeads: 1, headSize: 2, theta: 10000 };
const grouped = { numHeads: 4, numKvHeads: 2, headSize: 8, theta: 10000 };
const llama3 = {
  type: "llama3",
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalPositions: 64,
} as const;

checkOp(rotary, [
  {
    label: "one token, one pair",
    inputs: { x: [1, 1, 6], positions: [1, 1] },
    attrs: smallest,
    fill: { positions: () => 1 },
  },
  {
    label: "an odd number of pairs, positions that start anywhere",
    inputs: { x: [3, 7, 54], positions: [3, 7] },
    attrs: { numHeads: 3, numKvHeads: 3, headSize: 6, theta: 500000 },
    fill: { positions: (i) => i * 5 % 17 },
  },
  {
    label: "grouped heads of a multiple of 8, positions to 2048",
    inputs: { x: [2, 37, 64], positions: [2, 37] },
    attrs: grouped,
    fill: { positions: (i) => 2048 - 28 * i % 2049 },
  },
  {
    label: "frequencies scaled as LLaMA 3's",
    inputs: { x: [2, 7, 128], positions: [2, 7] },
    attrs: { numHeads: 4, numKvHeads: 2, headSize: 16, theta: 500, scaling: llama3 },
    fill: { positions: (i) => 31 * i % 128 },
  },
  {
    label: "frequencies divided",
    inputs: { x: [1, 5, 24], positions: [1, 5] },
    attrs: { numHeads: 2, numKvHeads: 1, headSize: 6, theta: 100, scaling: { type: "linear", factor: 2.5 } },
    fill: { positions: (i) => 9 * i },
  },
]);

/** One token of the given packed heads, at a position. */
async function rotated(gpu: Gpu, heads: Float32Array<ArrayBuffer>, position: number): Promise<Float32Array> {
  const x = gpu.upload(heads, [1, 1, heads.length]);
  const positions = gpu.upload(Uint32Array.of(position), [1, 1]);
  return await gpu.read(rotary.forward(gpu, { x, positions }, grouped).out) as Float32Array;
}

const heads = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i + 1));
gpuTest("rotary: an angle is off by 7.4e-10 per position beyond f32 rounding, 2e-6 at position 2048", async (gpu) => {
  const attrs = { numHeads: 1, numKvHeads: 1, headSize: 64, theta: 10000 };
  const positions = Uint32Array.from({ length: 2049 }, (_, i) => i).with(0, 131071);
  // x = (1, 0): out = (cos, sin).
  const x = Float32Array.from({ length: 2049 * 192 }, (_, i) => i % 64 < 32 ? 1 : 0);
  const inputs = { x: gpu.upload(x, [1, 2049, 192]), positions: gpu.upload(positions, [1, 2049]) };
  const values = await gpu.read(rotary.forward(gpu, inputs, attrs).out);
  const exact = (shape: number[], data: ArrayLike<number>) => ({ shape, data: Float64Array.from(data) });
  const expected = rotaryReference({ x: exact([1, 2049, 192], x), positions: exact([1, 2049], positions) }, attrs);
  values.forEach((value, i) => {
    const error = Math.abs(value - expected.data[i]);
    const position = positions[Math.floor(i / 192)];
    assert(error < 2e-7 + 7.4e-10 * position, `position ${position}, element ${i % 192}: off by ${error}`);
  });
});

gpuTest("rotary: position 0 changes nothing, and value heads are copied at any position, to the bit", async (gpu) => {
  assertEquals(await rotated(gpu, heads, 0), heads);
  const out = await rotated(gpu, heads, 321);
  assertEquals(out.subarray(48), heads.subarray(48));
  assert(out.subarray(0, 48).every((value, i) => value !== heads[i]));
});

gpuTest("rotary: the product of a query and a key depends only on the difference of their positions", async (gpu) => {
  const product = async (queryAt: number, keyAt: number) => {
    const [query, key] = [await rotated(gpu, heads, queryAt), await rotated(gpu, heads, keyAt)];
    return query.subarray(0, 8).reduce((sum, value, i) => sum + value * key[32 + i], 0);
  };
  const expected = await product(40, 7);
  for (const shift of [1, 100, 2000]) {
    const found = await product(40 + shift, 7 + shift);
    assert(Math.abs(found - expected) < 1e-5, `shifted by ${shift}: ${found} for ${expected}`);
  }
  assert(Math.abs(await product(41, 7) - expected) > 1e-2);
});

gpuTest("rotary: backward undoes the rotation of forward", async (gpu) => {
  const inputs = { x: gpu.upload(heads, [1, 1, 64]), positions: gpu.upload(Uint32Array.of(777), [1, 1]) };
  const { out } = rotary.forward(gpu, inputs, grouped);
  const context = { inputs, out, saved: {}, attrs: grouped, wanted: new Set(["x"] as const) };
  const back = await gpu.read(rotary.backward(gpu, out, context).x!);
  heads.forEach((value, i) => assert(Math.abs(back[i] - value) < 5e-7, `${back[i]} for ${value}`));
});

gpuTest("rotary: a packed size that does not fit the heads and an odd head size are refused", (gpu) => {
  const refused = (packed: number, headSize: number) => {
    const inputs = { x: gpu.allocate([1, 1, packed]), positions: gpu.allocate([1, 1], "u32") };
    assertThrows(
      () => rotary.forward(gpu, inputs, { ...smallest, headSize }),
      RangeError,
      `Cannot run rotary: P is ${packed} for 1 heads and 1 key heads of size ${headSize}; it must be`,
    );
  };
  refused(16, 4);
  refused(9, 3);
});

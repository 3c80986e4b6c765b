import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { rmsNorm } from "../rms_norm/rms_norm.ts";
import { gpuTest } from "../test_gpu.ts";
import { headNorm } from "./head_norm.ts";

const grouped = { numHeads: 4, numKvHeads: 2, headSize: 16, eps: 1e-6 };

checkOp(headNorm, [
  {
    label: "one token of one head",
    inputs: { x: [1, 1, 6], queryWeight: [2], keyWeight: [2] },
    attrs: { numHeads: 1, numKvHeads: 1, headSize: 2, eps: 1e-5 },
  },
  {
    label: "odd sizes",
    inputs: { x: [3, 7, 35], queryWeight: [5], keyWeight: [5] },
    attrs: { numHeads: 3, numKvHeads: 2, headSize: 5, eps: 1e-5 },
  },
  {
    label: "weights less one, odd sizes",
    inputs: { x: [2, 5, 36], queryWeight: [12], keyWeight: [12] },
    attrs: { numHeads: 1, numKvHeads: 1, headSize: 12, eps: 1e-6, offset: 1 },
  },
  {
    label: "grouped heads, many rows",
    inputs: { x: [2, 37, 128], queryWeight: [16], keyWeight: [16] },
    attrs: grouped,
  },
]);

const wave = (length: number, frequency: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(frequency * i * i));

gpuTest(
  "headNorm: each query and key head is a row of rmsNorm with its kind's weight, and values are copied to the bit",
  async (gpu) => {
    const packed = wave(5 * 128, 0.7);
    const weights = { queryWeight: gpu.upload(wave(16, 1.3)), keyWeight: gpu.upload(wave(16, 2.1)) };
    const out = await gpu.read(headNorm.forward(gpu, { x: gpu.upload(packed, [1, 5, 128]), ...weights }, grouped).out);
    const rows = gpu.upload(packed, [5 * 8, 16]);
    const normed = (weight: typeof weights.queryWeight) =>
      gpu.read(rmsNorm.forward(gpu, { x: rows, weight }, { eps: 1e-6 }).out);
    const [queries, keys] = [await normed(weights.queryWeight), await normed(weights.keyWeight)];
    out.forEach((value, i) => {
      const head = Math.floor(i / 16) % 8;
      if (head >= 6) assertEquals(value, packed[i]);
      else assertAlmostEquals(value, (head < 4 ? queries : keys)[i], 1e-6, `head ${head}`);
    });
  },
);

gpuTest("headNorm: a packed size or a weight that does not fit the heads is refused", (gpu) => {
  const run = (packed: number, size: number) =>
    headNorm.forward(gpu, {
      x: gpu.allocate([1, 1, packed]),
      queryWeight: gpu.allocate([size]),
      keyWeight: gpu.allocate([size]),
    }, grouped);
  assertThrows(
    () => run(96, 16),
    RangeError,
    "Cannot run headNorm: P is 96 and D 16 for 4 heads and 2 key heads of size 16",
  );
  assertThrows(() => run(128, 8), RangeError, "P is 128 and D 8");
});

import { assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { linear } from "./linear.ts";
import { linearOfFirstRows } from "./linear_of_first_rows.ts";

checkOp(linearOfFirstRows, [
  { label: "one row of several", inputs: { x: [1, 1], weight: [3, 1] }, attrs: { rows: 1 } },
  { label: "unaligned sizes", inputs: { x: [19, 37], weight: [67, 37] }, attrs: { rows: 61 } },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [72, 16] }, attrs: { rows: 64 } },
  { label: "all rows", inputs: { x: [5, 8], weight: [12, 8] }, attrs: { rows: 12 } },
]);

gpuTest(
  "linearOfFirstRows: all rows give to the bit what linear gives, and the rows left out get gradients of 0",
  async (gpu) => {
    const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i));
    const inputs = { x: gpu.upload(wave(7 * 20), [7, 20]), weight: gpu.upload(wave(36 * 20), [36, 20]) };
    const all = linearOfFirstRows.forward(gpu, inputs, { rows: 36 }).out;
    const plain = linear.forward(gpu, inputs, {}).out;
    const { out } = linearOfFirstRows.forward(gpu, inputs, { rows: 29 });
    const gradients = linearOfFirstRows.backward(gpu, out, {
      ...{ inputs, out, saved: {}, attrs: { rows: 29 }, wanted: new Set(["weight"] as const) },
    });
    const [allValues, plainValues, dWeight] = await gpu.readAll([all, plain, gradients.weight!]);
    assertEquals(allValues, plainValues);
    assertEquals([...dWeight.subarray(29 * 20)], Array(7 * 20).fill(0));
    assertEquals(dWeight.subarray(0, 29 * 20).some((value) => value !== 0), true);
  },
);

gpuTest("linearOfFirstRows: more rows than there are, or none, are refused", (gpu) => {
  const inputs = { x: gpu.upload(Float32Array.of(1), [1, 1]), weight: gpu.upload(Float32Array.of(1, 2), [2, 1]) };
  for (const rows of [0, 3, NaN]) {
    assertThrows(() => linearOfFirstRows.forward(gpu, inputs, { rows }), RangeError, `first ${rows} rows of [2,1]`);
  }
  return Promise.resolve();
});

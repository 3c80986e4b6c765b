import { assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { axisSizes } from "../runtime/axes.ts";
import { gpuTest } from "../test_gpu.ts";
import { concat } from "./concat.ts";

checkOp(concat, [
  { label: "one column each", inputs: { x: [1, 1], y: [1, 1] }, attrs: {} },
  { label: "odd widths", inputs: { x: [7, 13], y: [7, 4] }, attrs: {} },
  { label: "odd widths that make a multiple of 4", inputs: { x: [5, 3], y: [5, 13] }, attrs: {} },
  { label: "widths that are multiples of 4", inputs: { x: [203, 64], y: [203, 36] }, attrs: {} },
]);

gpuTest("concat: backward undoes forward to the bit, one input alone or both", async (gpu) => {
  for (const [a, b] of [[3, 5], [8, 4]]) {
    const values = (width: number) => Float32Array.from({ length: 6 * width }, (_, i) => Math.sin(i + width));
    const inputs = { x: gpu.upload(values(a), [6, a]), y: gpu.upload(values(b), [6, b]) };
    const { out } = concat.forward(gpu, inputs, {});
    const back = (...wanted: ("x" | "y")[]) =>
      concat.backward(gpu, out, { inputs, out, saved: {}, attrs: {}, wanted: new Set(wanted) });
    for (const { x, y } of [back("x", "y"), { ...back("x"), y: back("y").y }]) {
      assertEquals(await gpu.readAll([x!, y!]), [values(a), values(b)]);
    }
    assertEquals(back("x").y, undefined);
  }
});

gpuTest("concat: unequal rows and a gradient of another width are refused", (gpu) => {
  assertThrows(
    () => axisSizes("concat", concat.axes, { x: { shape: [2, 3] }, y: { shape: [3, 3] } }),
    RangeError,
    "Cannot run concat: axis N of y is 3 but was 2 in x",
  );
  const inputs = { x: gpu.allocate([2, 3]), y: gpu.allocate([2, 5]) };
  const context = { inputs, out: gpu.allocate([2, 8]), saved: {}, attrs: {}, wanted: new Set(["x"] as const) };
  assertThrows(
    () => concat.backward(gpu, gpu.allocate([2, 7]), context),
    RangeError,
    "Cannot run concat: dOut is [2,7] but x and y make [2,8]",
  );
});

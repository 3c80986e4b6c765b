import { assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import { axisSizes } from "../../runtime/axes.ts";
import { gpuTest } from "../../test_gpu.ts";
import { multiply } from "./multiply.ts";

checkOp(multiply, [
  { label: "one element", inputs: { x: [1], y: [1] }, attrs: {} },
  { label: "odd sizes", inputs: { x: [3, 7, 13], y: [3, 7, 13] }, attrs: {} },
  { label: "many elements", inputs: { x: [203, 64], y: [203, 64] }, attrs: {} },
]);

const values = (seed: number) => Float32Array.from({ length: 1001 }, (_, i) => Math.sin(seed * i) * 10 ** (i % 9 - 4));

gpuTest("multiply: the result is the float32 product to the bit, and one tensor may be both factors", async (gpu) => {
  const [x, y] = [values(1), values(7)];
  const product = async (a: Float32Array<ArrayBuffer>, b: Float32Array<ArrayBuffer>) => {
    const first = gpu.upload(a);
    return await gpu.read(multiply.forward(gpu, { x: first, y: a === b ? first : gpu.upload(b) }, {}).out);
  };
  assertEquals(await product(x, y), x.map((value, i) => Math.fround(value * y[i])));
  assertEquals(await product(x, x), x.map((value) => Math.fround(value * value)));
});

Deno.test("multiply: two shapes are refused", () => {
  const shapes = { x: { shape: [3, 4] }, y: { shape: [4, 3] } };
  assertThrows(
    () => axisSizes("multiply", multiply.axes, shapes),
    RangeError,
    "Cannot run multiply: y is [4,3] but x is [3,4]",
  );
});

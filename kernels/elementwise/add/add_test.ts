import { assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import { axisSizes } from "../../runtime/axes.ts";
import { gpuTest } from "../../test_gpu.ts";
import { add } from "./add.ts";

checkOp(add, [
  { label: "one element", inputs: { x: [1], y: [1] }, attrs: { xScale: 1, yScale: 1 } },
  { label: "odd sizes", inputs: { x: [3, 7, 13], y: [3, 7, 13] }, attrs: { xScale: -0.3, yScale: 1.7 } },
  { label: "many elements", inputs: { x: [203, 64], y: [203, 64] }, attrs: { xScale: 1, yScale: -1 } },
  { label: "one term alone", inputs: { x: [37], y: [37] }, attrs: { xScale: -1, yScale: 0 } },
]);

const values = (seed: number) => Float32Array.from({ length: 1001 }, (_, i) => Math.sin(seed * i) * 10 ** (i % 9 - 4));

gpuTest("add: with scales 1 the result is the float32 sum to the bit", async (gpu) => {
  const [x, y] = [values(1), values(7)];
  const { out } = add.forward(gpu, { x: gpu.upload(x), y: gpu.upload(y) }, { xScale: 1, yScale: 1 });
  assertEquals(await gpu.read(out), x.map((value, i) => Math.fround(value + y[i])));
});

gpuTest("add: x - x is 0, and one tensor may be both terms", async (gpu) => {
  const x = gpu.upload(values(3));
  const { out } = add.forward(gpu, { x, y: x }, { xScale: 1, yScale: -1 });
  assertEquals(await gpu.read(out), new Float32Array(1001));
});

gpuTest("add: the gradient of one term alone is that of both", async (gpu) => {
  const attrs = { xScale: -0.3, yScale: 1.7 };
  const inputs = { x: gpu.upload(values(1)), y: gpu.upload(values(2)) };
  const { out } = add.forward(gpu, inputs, attrs);
  const dOut = gpu.upload(values(5));
  const gradients = (...wanted: ("x" | "y")[]) =>
    add.backward(gpu, dOut, { inputs, out, saved: {}, attrs, wanted: new Set(wanted) });
  const both = gradients("x", "y");
  const [xAlone, yAlone] = [gradients("x"), gradients("y")];
  assertEquals([xAlone.y, yAlone.x], [undefined, undefined]);
  assertEquals(await gpu.read(xAlone.x!), await gpu.read(both.x!));
  assertEquals(await gpu.read(yAlone.y!), await gpu.read(both.y!));
});

gpuTest("add: the gradient of a term that is not scaled is that of the sum itself", async (gpu) => {
  const inputs = { x: gpu.upload(values(1)), y: gpu.upload(values(2)) };
  const attrs = { xScale: 1, yScale: 2 };
  const { out } = add.forward(gpu, inputs, attrs);
  const dOut = gpu.upload(values(5));
  const { x, y } = add.backward(gpu, dOut, { inputs, out, saved: {}, attrs, wanted: new Set(["x", "y"] as const) });
  assertEquals(x, dOut);
  assertEquals(await gpu.read(y!), values(5).map((value) => 2 * value));
});

Deno.test("add: two shapes are refused", () => {
  const shapes = { x: { shape: [3, 4] }, y: { shape: [4, 3] } };
  assertThrows(() => axisSizes("add", add.axes, shapes), RangeError, "Cannot run add: y is [4,3] but x is [3,4]");
});

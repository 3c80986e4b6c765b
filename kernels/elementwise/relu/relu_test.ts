import { assertEquals } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import { gpuTest } from "../../test_gpu.ts";
import { relu } from "./relu.ts";

// Away from 0, where central differences would straddle the corner.
const bothSigns = (i: number) => (i % 2 === 0 ? 1 : -1) * (0.5 + Math.abs(Math.sin(i)));

checkOp(relu, [
  { label: "one element", inputs: { x: [1] }, attrs: {}, fill: { x: bothSigns } },
  { label: "odd sizes", inputs: { x: [7, 37] }, attrs: {}, fill: { x: bothSigns } },
  { label: "many elements", inputs: { x: [203, 64] }, attrs: {}, fill: { x: bothSigns } },
]);

gpuTest("relu: positive numbers and their gradients pass as they are, those of 0 and below are 0", async (gpu) => {
  const inputs = { x: gpu.upload(Float32Array.of(3e38, 1e-30, 0, -1e-30, -3e38)) };
  const { out, saved } = relu.forward(gpu, inputs, {});
  const context = { inputs, out, saved, attrs: {}, wanted: new Set(["x"] as const) };
  const dOut = gpu.upload(Float32Array.of(2, -3, 4, 5, 6));
  const [values, gradient] = await gpu.readAll([out, relu.backward(gpu, dOut, context).x!]);
  assertEquals([...values], [Math.fround(3e38), Math.fround(1e-30), 0, 0, 0]);
  assertEquals([...gradient], [2, -3, 0, 0, 0]);
});

import { assert, assertEquals } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import { gpuTest } from "../../test_gpu.ts";
import { tanh } from "./tanh.ts";

checkOp(tanh, [
  { label: "one element", inputs: { x: [1] }, attrs: {} },
  { label: "odd sizes, both formulas", inputs: { x: [7, 37] }, attrs: {}, fill: { x: (i) => 3 * Math.sin(i) } },
  { label: "many elements", inputs: { x: [203, 64] }, attrs: {} },
]);

gpuTest("tanh is off by at most 3e-7 of itself, for both formulas, and odd to the bit", async (gpu) => {
  const positive = Array.from({ length: 4000 }, (_, i) => 10 ** (i / 500 - 6)).concat(
    Array.from({ length: 100 }, (_, i) => 0.59 + i / 5000),
  );
  const x = Float32Array.from(positive.flatMap((value) => [value, -value]));
  const values = await gpu.read(tanh.forward(gpu, { x: gpu.upload(x) }, {}).out);
  x.forEach((argument, i) => {
    const expected = Math.tanh(argument);
    const error = Math.abs(values[i] / expected - 1);
    assert(error <= 3e-7, `tanh(${argument}) is ${values[i]}, expected ${expected}: off by ${error} of it`);
    if (i % 2 === 1) assertEquals(values[i], -values[i - 1]);
  });
});

gpuTest("tanh saturates at ±1 and passes 0 through", async (gpu) => {
  const x = gpu.upload(Float32Array.of(0, 3e38, -3e38, Infinity, -Infinity));
  assertEquals([...await gpu.read(tanh.forward(gpu, { x }, {}).out)], [0, 1, -1, 1, -1]);
});

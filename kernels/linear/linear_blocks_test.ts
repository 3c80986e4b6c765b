import { assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest } from "../test_gpu.ts";
import { linear } from "./linear.ts";
import { linearOfBlocks } from "./linear_blocks.ts";

checkOp(linearOfBlocks(3, false), [
  {
    label: "unaligned sizes, a block of one row",
    inputs: { x: [19, 37], block0: [20, 37], block1: [1, 37], block2: [7, 37] },
    attrs: {},
  },
  {
    label: "one row of x, aligned blocks",
    inputs: { x: [1, 48], block0: [64, 48], block1: [128, 48], block2: [16, 48] },
    attrs: {},
  },
], [{}, gpuForms()]);

checkOp(linearOfBlocks(2, true), [
  {
    label: "aligned rows before the odd ones",
    inputs: { x: [9, 20], block0: [128, 20], block1: [11, 20], bias: [139] },
    attrs: {},
  },
]);

checkOp(linearOfBlocks(1, true), [{
  label: "one block",
  inputs: { x: [3, 8], block0: [12, 8], bias: [12] },
  attrs: {},
}]);

gpuTest("linearOfBlocks: out is to the bit what linear gives of the whole weight", async (gpu) => {
  const [rows, inputs, outputs] = [21, 40, 203];
  const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i));
  const x = gpu.upload(wave(rows * inputs), [rows, inputs]);
  const values = wave(outputs * inputs);
  const block0 = gpu.upload(values.slice(0, 192 * inputs), [192, inputs]);
  const block1 = gpu.upload(values.slice(192 * inputs), [11, inputs]);
  const whole = linear.forward(gpu, { x, weight: gpu.upload(values, [outputs, inputs]) }, {}).out;
  const parts = linearOfBlocks(2, false).forward(gpu, { x, block0, block1 }, {}).out;
  const [expected, actual] = await gpu.readAll([whole, parts]);
  assertEquals(actual, expected);
});

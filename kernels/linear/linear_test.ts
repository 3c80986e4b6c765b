import { assertEquals } from "@std/assert";
import { add } from "../elementwise/add/add.ts";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { conv1d, conv1dResidual, linear, linearResidual, linearWithBias, linearWithBiasResidual } from "./linear.ts";

checkOp(linear, [
  { label: "one element", inputs: { x: [1, 1], weight: [1, 1] }, attrs: {} },
  { label: "edges that no tile divides", inputs: { x: [37, 52], weight: [36, 52] }, attrs: {} },
  { label: "unaligned sizes", inputs: { x: [19, 37], weight: [67, 37] }, attrs: {} },
  { label: "one row", inputs: { x: [1, 64], weight: [68, 64] }, attrs: {} },
]);

checkOp(linearResidual, [
  { label: "one row", inputs: { x: [1, 64], weight: [68, 64], residual: [1, 68] }, attrs: {} },
  { label: "unaligned sizes", inputs: { x: [19, 37], weight: [67, 37], residual: [19, 67] }, attrs: {} },
]);

checkOp(linearWithBias, [
  { label: "unaligned sizes", inputs: { x: [5, 7], weight: [11, 7], bias: [11] }, attrs: {} },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [24, 16], bias: [24] }, attrs: {} },
]);

checkOp(linearWithBiasResidual, [
  { label: "unaligned sizes", inputs: { x: [5, 7], weight: [11, 7], bias: [11], residual: [5, 11] }, attrs: {} },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [140, 16], bias: [140], residual: [33, 140] }, attrs: {} },
]);

checkOp(conv1d, [
  { label: "unaligned sizes", inputs: { x: [5, 7], weight: [7, 11], bias: [11] }, attrs: {} },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [16, 140], bias: [140] }, attrs: {} },
]);

checkOp(conv1dResidual, [
  { label: "unaligned sizes", inputs: { x: [5, 7], weight: [7, 11], bias: [11], residual: [5, 11] }, attrs: {} },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [16, 140], bias: [140], residual: [33, 140] }, attrs: {} },
]);

gpuTest("conv1dResidual: to the bit what conv1d and an addition give", async (gpu) => {
  const wave = (length: number, frequency: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin(frequency * i * i));
  for (const rows of [1, 7, 40]) {
    const residual = gpu.upload(wave(rows * 36, 0.3), [rows, 36]);
    const inputs = {
      x: gpu.upload(wave(rows * 20, 0.7), [rows, 20]),
      weight: gpu.upload(wave(20 * 36, 1.3), [20, 36]),
      bias: gpu.upload(wave(36, 2.1)),
    };
    const product = conv1d.forward(gpu, inputs, {}).out;
    const sum = add.forward(gpu, { x: residual, y: product }, { xScale: 1, yScale: 1 }).out;
    const fused = conv1dResidual.forward(gpu, { ...inputs, residual }, {}).out;
    const [expected, actual] = await gpu.readAll([sum, fused]);
    assertEquals(actual, expected);
  }
});

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { clippedSurrogate, surrogateClipped } from "./clipped_surrogate.ts";

const shapes = (rows: number) => ({ logProb: [rows], samplerLogProb: [rows], advantages: [rows] });

for (const op of [clippedSurrogate, surrogateClipped]) {
  checkOp(op, [
    { label: "one row", inputs: shapes(1), attrs: { clipRange: 0.2 } },
    { label: "odd sizes", inputs: shapes(37), attrs: { clipRange: 0.2 } },
    { label: "many rows", inputs: shapes(1203), attrs: { clipRange: 0.5 } },
    { label: "no clip", inputs: shapes(203), attrs: { clipRange: 1e9 } },
    {
      label: "log probabilities of large vocabularies",
      inputs: shapes(203),
      attrs: { clipRange: 0.2 },
      fill: { logProb: (i) => -9 + Math.sin(i * i), samplerLogProb: (i) => -9 + Math.sin(3 * i) },
    },
  ]);
}

/** Loss, gradient and clip indicator at given ratios and advantages, ε = 0.2. */
async function at(gpu: Gpu, ratios: readonly number[], advantages: readonly number[]) {
  const attrs = { clipRange: 0.2 };
  const inputs = {
    logProb: gpu.upload(Float32Array.from(ratios, (ratio) => Math.log(ratio) - 2)),
    samplerLogProb: gpu.upload(new Float32Array(ratios.length).fill(-2)),
    advantages: gpu.upload(Float32Array.from(advantages)),
  };
  const { out } = clippedSurrogate.forward(gpu, inputs, attrs);
  const dOut = gpu.upload(new Float32Array(ratios.length).fill(1));
  const context = { inputs, out, saved: {}, attrs, wanted: new Set(["logProb"] as const) };
  const { logProb: gradient } = clippedSurrogate.backward(gpu, dOut, context);
  const clipped = surrogateClipped.forward(gpu, inputs, attrs).out;
  const [loss, slope, stopped] = await gpu.readAll([out, gradient!, clipped]);
  return { loss, slope, stopped: [...stopped] };
}

gpuTest(
  "clippedSurrogate: a gain beyond 1 + ε, and a loss avoided beyond 1 − ε, count no further and have no gradient",
  async (gpu) => {
    const { loss, slope, stopped } = await at(gpu, [1.5, 0.5, 1.5, 0.5], [2, -2, -2, 2]);
    [-2.4, 1.6, 3, -1].forEach((value, n) => assertAlmostEquals(loss[n], value, 1e-6));
    [0, 0, 3, -1].forEach((value, n) => assertAlmostEquals(slope[n], value, 1e-6));
    assertEquals(stopped, [1, 1, 0, 0]);
  },
);

gpuTest("clippedSurrogate: within the clip the loss is −r A and its gradient the policy gradient −r A", async (gpu) => {
  const ratios = [0.81, 0.9, 1, 1.1, 1.19];
  const advantages = [3, -1, 0.5, -2, 1];
  const { loss, slope, stopped } = await at(gpu, ratios, advantages);
  ratios.forEach((ratio, n) => {
    assertAlmostEquals(loss[n], -ratio * advantages[n], 1e-6);
    assertAlmostEquals(slope[n], -ratio * advantages[n], 1e-6);
  });
  assertEquals(stopped, [0, 0, 0, 0, 0]);
});

gpuTest(
  "clippedSurrogate: where nothing is to gain there is neither loss nor gradient, whatever the ratio",
  async (gpu) => {
    const { loss, slope, stopped } = await at(gpu, [1e-6, 0.5, 1, 2, 1e6], [0, 0, 0, 0, 0]);
    assert([...loss, ...slope].every((value) => value === 0));
    assertEquals(stopped, [0, 0, 0, 0, 0]);
  },
);

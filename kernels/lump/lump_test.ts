import { assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest } from "../test_gpu.ts";
import { lump } from "./lump.ts";

const logits = (i: number) => 4 * Math.sin(i * i);
/** Ascending in each row of `count`, spread over the vocabulary, others in each row. */
const ids = (count: number, vocab: number) => (i: number) => {
  const [row, k] = [Math.floor(i / count), i % count];
  const room = Math.floor(vocab / count);
  return Math.min(vocab - count + k, k * room + (row * 7 + k * k) % room);
};

checkOp(lump, [
  { label: "one entry", inputs: { logits: [1, 1], ids: [1, 1] }, attrs: { temperature: 1 }, fill: { ids: () => 0 } },
  {
    label: "odd sizes",
    inputs: { logits: [7, 37], ids: [7, 5] },
    attrs: { temperature: 1.5 },
    fill: { logits, ids: ids(5, 37) },
  },
  {
    label: "rows read in fours",
    inputs: { logits: [9, 52], ids: [9, 13] },
    attrs: { temperature: 1 },
    fill: { logits, ids: ids(13, 52) },
  },
  {
    label: "all but one token",
    inputs: { logits: [3, 12], ids: [3, 11] },
    attrs: { temperature: 0.7 },
    fill: { logits, ids: (i) => i % 11 + (i % 11 >= Math.floor(i / 11) * 5 ? 1 : 0) },
  },
  {
    label: "all tokens",
    inputs: { logits: [5, 36], ids: [5, 36] },
    attrs: { temperature: 2 },
    fill: { logits, ids: (i) => i % 36 },
  },
  {
    label: "a vocabulary",
    inputs: { logits: [17, 2048], ids: [17, 32] },
    attrs: { temperature: 1 },
    fill: { logits, ids: ids(32, 2048) },
  },
  {
    label: "a large vocabulary that is no multiple of four",
    inputs: { logits: [2, 50_257], ids: [2, 16] },
    attrs: { temperature: 1 },
    fill: { logits, ids: ids(16, 50_257) },
    gradientElements: 5,
  },
], [{}, gpuForms()]);

async function probabilities(gpu: Gpu, rows: readonly (readonly number[])[], tokens: readonly (readonly number[])[]) {
  const inputs = {
    logits: gpu.upload(Float32Array.from(rows.flat()), [rows.length, rows[0].length]),
    ids: gpu.upload(Uint32Array.from(tokens.flat()), [tokens.length, tokens[0].length]),
  };
  const { out } = lump.forward(gpu, inputs, { temperature: 1 });
  return await gpu.read(out);
}

gpuTest("lump: a rest of 1e-30 of the mass keeps its digits, and so does one of all but 1e-30", async (gpu) => {
  const logits = [0, -70, -70, -71, -72];
  const [kept, rest] = await probabilities(gpu, [logits], [[0]]);
  assertEquals(kept, 0);
  assertAlmostEquals(rest, Math.log(2 * Math.exp(-70) + Math.exp(-71) + Math.exp(-72)), 1e-5);
  const [one, others] = await probabilities(gpu, [[-70, 0, 1, 2, 3]], [[0]]);
  assertAlmostEquals(one - others, -70 - Math.log(1 + Math.E + Math.exp(2) + Math.exp(3)), 1e-5);
});

gpuTest("lump: logits as low as float32 goes among the others count for nothing", async (gpu) => {
  const lowest = -3.4028234663852886e38;
  const [, rest] = await probabilities(gpu, [[5, lowest, lowest, 1]], [[0]]);
  assertEquals(rest, 1);
});

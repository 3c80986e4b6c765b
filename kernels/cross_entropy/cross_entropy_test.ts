import { assertAlmostEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { crossEntropy } from "./cross_entropy.ts";

const logits = (i: number) => 4 * Math.sin(i * i);
const labels = (vocabSize: number) => (row: number) => (row * row * 7 + vocabSize - 1) % vocabSize;

checkOp(crossEntropy, [
  { label: "one entry", inputs: { logits: [1, 1], labels: [1] }, attrs: {}, fill: { labels: () => 0 } },
  { label: "odd sizes", inputs: { logits: [7, 37], labels: [7] }, attrs: {}, fill: { logits, labels: labels(37) } },
  { label: "rows read in fours", inputs: { logits: [5, 52], labels: [5] }, attrs: {}, fill: { labels: labels(52) } },
  {
    label: "a vocabulary",
    inputs: { logits: [33, 2048], labels: [33] },
    attrs: {},
    fill: { logits, labels: labels(2048) },
  },
]);

gpuTest("crossEntropy of even logits is log V, whatever the label", async (gpu) => {
  for (const vocabSize of [1, 3, 8, 100, 2048]) {
    const logits = gpu.upload(new Float32Array(3 * vocabSize).fill(0.25), [3, vocabSize]);
    const labels = gpu.upload(Uint32Array.of(0, vocabSize >> 1, vocabSize - 1));
    const { out } = crossEntropy.forward(gpu, { logits, labels }, {});
    for (const value of await gpu.read(out)) assertAlmostEquals(value, Math.log(vocabSize), 1e-6);
  }
});

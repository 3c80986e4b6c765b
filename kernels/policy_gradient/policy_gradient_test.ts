import { assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { crossEntropy } from "../cross_entropy/cross_entropy.ts";
import { gpuTest } from "../test_gpu.ts";
import { policyGradient } from "./policy_gradient.ts";

const logits = (i: number) => 4 * Math.sin(i * i);
const actions = (vocabSize: number) => (row: number) => (row * row * 5 + vocabSize - 1) % vocabSize;

checkOp(policyGradient, [
  {
    label: "one entry",
    inputs: { logits: [1, 1], actions: [1], advantages: [1] },
    attrs: {},
    fill: { actions: () => 0 },
  },
  {
    label: "odd sizes",
    inputs: { logits: [7, 37], actions: [7], advantages: [7] },
    attrs: {},
    fill: { logits, actions: actions(37) },
  },
  {
    label: "a vocabulary",
    inputs: { logits: [33, 2048], actions: [33], advantages: [33] },
    attrs: {},
    fill: { logits, actions: actions(2048) },
  },
]);

gpuTest(
  "policyGradient with an advantage of −1 is crossEntropy, and with 0 it is 0, value and gradient",
  async (gpu) => {
    const [rows, vocabSize] = [4, 30];
    const policy = gpu.upload(Float32Array.from({ length: rows * vocabSize }, (_, i) => logits(i)), [rows, vocabSize]);
    const taken = gpu.upload(Uint32Array.from({ length: rows }, (_, n) => actions(vocabSize)(n)));
    const dOut = gpu.upload(Float32Array.of(1, 0.5, -2, 3));

    const runWith = async (advantage: number) => {
      const inputs = { logits: policy, actions: taken, advantages: gpu.upload(new Float32Array(rows).fill(advantage)) };
      const { out, saved } = policyGradient.forward(gpu, inputs, {});
      const context = { inputs, out, saved, attrs: {}, wanted: new Set(["logits"] as const) };
      return await gpu.readAll([out, policyGradient.backward(gpu, dOut, context).logits!]);
    };
    const inputs = { logits: policy, labels: taken };
    const { out, saved } = crossEntropy.forward(gpu, inputs, {});
    const context = { inputs, out, saved, attrs: {}, wanted: new Set(["logits"] as const) };
    const expected = await gpu.readAll([out, crossEntropy.backward(gpu, dOut, context).logits!]);

    assertEquals(await runWith(-1), expected);
    for (const values of await runWith(0)) assertEquals(values.every((value) => value === 0), true);
  },
);

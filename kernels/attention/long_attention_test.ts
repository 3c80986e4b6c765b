import { assert, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest } from "../test_gpu.ts";
import { attention } from "./attention.ts";
import type { HeadLayout } from "./attention_reference.ts";

// Sizes whose loops come near the limit at which a CPU driver ends the loops of one invocation silently.

/** As the adapter has it, and in the form for GPUs. */
const tunings = [{}, gpuForms()];

interface Run {
  readonly out: Float32Array;
  readonly dQkv: Float32Array;
}

/** Queries and keys from `qkv`, gradients of Σ out · dOut, over one whole row. */
async function run(
  gpu: Gpu,
  qkv: Float32Array<ArrayBuffer>,
  dOut: Float32Array<ArrayBuffer>,
  layout: HeadLayout,
): Promise<Run> {
  const width = layout.numHeads * layout.headSize;
  const tokens = dOut.length / width;
  const inputs = {
    qkv: gpu.upload(qkv, [1, tokens, qkv.length / tokens]),
    spans: gpu.upload(Uint32Array.of(0, tokens), [1, 2]),
  };
  const { out, saved } = attention.forward(gpu, inputs, layout);
  const dOutTensor = gpu.upload(dOut, [1, tokens, width]);
  const context = { inputs, out, saved, attrs: layout, wanted: new Set(["qkv"] as const) };
  const dQkv = attention.backward(gpu, dOutTensor, context).qkv!;
  const [outValues, gradient] = await gpu.readAll([out, dQkv]);
  for (const tensor of [...Object.values(inputs), out, saved.logSumExp, dOutTensor, dQkv]) gpu.release(tensor);
  return { out: Float32Array.from(outValues), dQkv: Float32Array.from(gradient) };
}

function assertRow(what: string, actual: Float32Array, at: number, expected: Float64Array): void {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  expected.forEach((value, d) => {
    const error = Math.abs(actual[at + d] - value);
    assert(error < 2e-5 * scale, `${what}[${d}] is ${actual[at + d]}, expected ${value}`);
  });
}

/** Row `row` of a tensor with rows of `stride`, `size` numbers from column `column`. */
const rowOf = (values: Float32Array, stride: number, row: number, column: number, size: number) =>
  Float64Array.from(values.subarray(row * stride + column, row * stride + column + size));

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

gpuTest(
  "attention: 2,048 tokens and a head of 128 give the last query and the first key their whole sums",
  { tunings },
  async (gpu) => {
    const [tokens, size] = [2048, 128];
    const qkv = Float32Array.from({ length: tokens * 3 * size }, (_, i) => Math.sin(0.3 * i + Math.sin(i * i)));
    const dOut = Float32Array.from({ length: tokens * size }, (_, i) => Math.cos(0.7 * i * i));
    const { out, dQkv } = await run(gpu, qkv, dOut, { numHeads: 1, numKvHeads: 1, headSize: size });

    const part = (index: number) => (token: number) => rowOf(qkv, 3 * size, token, index * size, size);
    const [query, key, value] = [part(0), part(1), part(2)].map((rows) =>
      Array.from({ length: tokens }, (_, t) => rows(t))
    );
    const gradients = Array.from({ length: tokens }, (_, t) => rowOf(dOut, size, t, 0, size));
    const weighted = (terms: readonly (readonly [number, Float64Array])[]) =>
      Float64Array.from({ length: size }, (_, d) => terms.reduce((sum, [weight, row]) => sum + weight * row[d], 0));
    /** Weights of a query's keys, and the gradients of its scores. */
    const weightsOf = (t: number) => {
      const scores = key.slice(0, t + 1).map((row) => dot(query[t], row) / Math.sqrt(size));
      const largest = scores.reduce((a, b) => Math.max(a, b));
      const total = scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
      const weights = scores.map((score) => Math.exp(score - largest) / total);
      const dWeights = weights.map((_, s) => dot(gradients[t], value[s]));
      const delta = weights.reduce((sum, weight, s) => sum + weight * dWeights[s], 0);
      return { weights, dScores: weights.map((weight, s) => weight * (dWeights[s] - delta) / Math.sqrt(size)) };
    };
    const all = Array.from({ length: tokens }, (_, t) => weightsOf(t));
    const last = tokens - 1;
    assertRow("out", out, last * size, weighted(all[last].weights.map((weight, s) => [weight, value[s]])));
    assertRow("dQuery", dQkv, last * 3 * size, weighted(all[last].dScores.map((slope, s) => [slope, key[s]])));
    assertRow("dKey", dQkv, size, weighted(all.map(({ dScores }, t) => [dScores[0], query[t]])));
    assertRow("dValue", dQkv, 2 * size, weighted(all.map(({ weights }, t) => [weights[0], gradients[t]])));
  },
);

gpuTest("attention: a key head gets the gradients of all 64 query heads that share it", { tunings }, async (gpu) => {
  const [tokens, heads, size] = [256, 64, 32];
  const packed = (heads + 2) * size;
  // Queries of 0 attend equally to all keys, so the gradient of the value at s is sum_t>=s 1 / (t + 1) per head, for gradients of 1.
  const qkv = Float32Array.from({ length: tokens * packed }, (_, i) => i % packed < heads * size ? 0 : Math.sin(i));
  const dOut = new Float32Array(tokens * heads * size).fill(1);
  const { dQkv } = await run(gpu, qkv, dOut, { numHeads: heads, numKvHeads: 1, headSize: size });
  let sum = 0;
  for (let s = tokens - 1; s >= 0; s--) {
    sum += heads / (s + 1);
    assertRow(`dValue of ${s}`, dQkv, s * packed + (heads + 1) * size, new Float64Array(size).fill(sum));
  }
});

gpuTest("attention: more tokens than a CPU driver would walk to the end are refused", { tunings }, async (gpu, t) => {
  await t.step({
    name: "on a CPU driver",
    ignore: gpu.tuning.maxLoopRounds === Infinity,
    fn() {
      const inputs = { qkv: gpu.allocate([1, 8192, 384]), spans: gpu.allocate([1, 2], "u32") };
      assertThrows(
        () => attention.forward(gpu, inputs, { numHeads: 1, numKvHeads: 1, headSize: 128 }),
        RangeError,
        "Cannot run attention with 8192 tokens and heads of size 128: an invocation would loop",
      );
    },
  });
});

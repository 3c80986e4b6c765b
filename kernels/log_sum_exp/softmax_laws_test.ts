import { assert, assertAlmostEquals } from "@std/assert";
import { alphaBeta } from "../divergence/alpha_beta/alpha_beta.ts";
import { crossEntropy } from "../cross_entropy/cross_entropy.ts";
import { entropy } from "../entropy/entropy.ts";
import { expectation } from "../expectation/expectation.ts";
import { forwardKl } from "../divergence/forward_kl/forward_kl.ts";
import { jensenShannon } from "../divergence/jensen_shannon/jensen_shannon.ts";
import type { Named, Op } from "../op.ts";
import { policyGradient } from "../policy_gradient/policy_gradient.ts";
import { ratioExpectation } from "../ratio_expectation/ratio_expectation.ts";
import { reverseKl } from "../divergence/reverse_kl/reverse_kl.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Shape } from "../runtime/tensor.ts";
import { skewForwardKl } from "../divergence/skew_forward_kl/skew_forward_kl.ts";
import { skewReverseKl } from "../divergence/skew_reverse_kl/skew_reverse_kl.ts";
import { gpuTest } from "../test_gpu.ts";
import { totalVariation } from "../divergence/total_variation/total_variation.ts";

// Laws of every op that uses its logits only through their softmax.

type Logits = Float32Array<ArrayBuffer>;

interface SoftmaxOp {
  readonly name: string;
  run(gpu: Gpu, logits: Logits, shape: Shape): Promise<{ out: Float32Array; gradient: Float32Array }>;
  reference(logits: Logits, shape: Shape): Float64Array;
}

/** The op as a function of the input named `policy` alone; the others are filled by flat index. */
function asFunctionOf<In extends string, Attrs, Saved extends string>(
  op: Op<In, Attrs, Saved>,
  policy: In,
  fill: Partial<Named<In, (index: number, vocabSize: number) => number>>,
  attrs: Attrs,
): SoftmaxOp {
  const fillAll = <T>(
    logits: Logits,
    [rows, vocabSize]: Shape,
    hold: (numbers: Float64Array, shape: Shape, name: In) => T,
  ) =>
    Object.fromEntries(
      (Object.keys(op.axes) as (In | "out")[]).filter((name): name is In => name !== "out").map((name) => {
        const shape = { "N V": [rows, vocabSize], "N": [rows], "1": [1] }[op.axes[name] as string]!;
        const numbers = new Float64Array(elementCount(shape));
        const own = fill[name];
        for (let i = 0; i < numbers.length; i++) numbers[i] = own ? own(i, vocabSize) : logits[i];
        return [name, hold(numbers, shape, name)];
      }),
    ) as Named<In, T>;
  return {
    name: `${op.name} of ${policy}`,
    async run(gpu, logits, shape) {
      const inputs = fillAll(
        logits,
        shape,
        (numbers, shape, name) =>
          gpu.upload(op.integers?.includes(name) ? new Uint32Array(numbers) : new Float32Array(numbers), shape),
      );
      const { out, saved } = op.forward(gpu, inputs, attrs);
      const dOut = gpu.upload(Float32Array.from({ length: shape[0] }, (_, n) => n + 1));
      const gradients = op.backward(gpu, dOut, { inputs, out, saved, attrs, wanted: new Set([policy]) });
      const [values, gradient] = await gpu.readAll([out, gradients[policy]!]);
      return { out: new Float32Array(values), gradient: new Float32Array(gradient) };
    },
    reference: (logits, shape) =>
      op.reference(
        fillAll(logits, shape, (numbers, shape) => ({ shape, data: new Float64Array(new Float32Array(numbers)) })),
        attrs,
      ).data,
  };
}

const action = (row: number, vocabSize: number) => (5 * row + 3) % vocabSize;
const wave = (index: number) => 3 * Math.sin(index * index);

const ops: readonly SoftmaxOp[] = [
  asFunctionOf(crossEntropy, "logits", { labels: action }, {}),
  asFunctionOf(policyGradient, "logits", { actions: action, advantages: (row) => row - 1.5 }, {}),
  asFunctionOf(entropy, "logits", {}, {}),
  asFunctionOf(expectation, "logits", { values: wave }, {}),
  asFunctionOf(ratioExpectation, "policy", { teacher: wave, student: (i) => wave(i + 1), logScale: () => 0 }, {
    c: 0.5,
    bias: 0,
  }),
  asFunctionOf(forwardKl, "student", { teacher: wave }, { temperature: 1 }),
  asFunctionOf(reverseKl, "student", { teacher: wave }, { temperature: 1 }),
  asFunctionOf(totalVariation, "student", { teacher: wave }, { temperature: 1 }),
  asFunctionOf(jensenShannon, "student", { teacher: wave }, { temperature: 1, weight: 0.1 }),
  asFunctionOf(skewForwardKl, "student", { teacher: wave }, { temperature: 1, skew: 0.1 }),
  asFunctionOf(skewReverseKl, "student", { teacher: wave }, { temperature: 1, skew: 0.1 }),
  asFunctionOf(alphaBeta, "student", { teacher: wave }, { temperature: 1, alpha: 0.2, beta: 0.7 }),
];

const shapes: readonly Shape[] = [[3, 37], [4, 260]];

/** Multiples of 1/64, so that adding a small integer is exact in float32. */
const gridLogits = ([rows, vocabSize]: Shape) =>
  Float32Array.from({ length: rows * vocabSize }, (_, i) => Math.round(64 * 5 * Math.sin(3 * i * i)) / 64);

for (const op of ops) {
  gpuTest(`${op.name}: a number added to all logits of a row changes neither value nor gradient`, async (gpu) => {
    for (const shape of shapes) {
      const logits = gridLogits(shape);
      const { out, gradient } = await op.run(gpu, logits, shape);
      const shifted = await op.run(
        gpu,
        logits.map((logit, i) => logit + [90, -77, 40, 12][Math.floor(i / shape[1])]),
        shape,
      );
      out.forEach((value, n) => assertAlmostEquals(shifted.out[n], value, 1e-7));
      gradient.forEach((slope, i) => assertAlmostEquals(shifted.gradient[i], slope, 1e-7));
    }
  });

  gpuTest(`${op.name}: the gradient sums to 0 in every row`, async (gpu) => {
    for (const shape of shapes) {
      const { gradient } = await op.run(gpu, gridLogits(shape), shape);
      for (let n = 0; n < shape[0]; n++) {
        const row = gradient.subarray(n * shape[1], (n + 1) * shape[1]);
        const magnitude = row.reduce((sum, slope) => sum + Math.abs(slope), 0);
        assert(magnitude > 0.01);
        assertAlmostEquals(row.reduce((sum, slope) => sum + slope, 0), 0, 4e-6 * magnitude);
      }
    }
  });

  gpuTest(
    `${op.name}: a vocabulary of 151,936, or one that no block of four divides, is read to its end`,
    async (gpu) => {
      for (const vocabSize of [151_936, 151_937, 50_257]) {
        const shape = [2, vocabSize];
        const logits = gridLogits(shape);
        // Most of the mass is at the end, where sums that stop early would miss it. Sums of 19,000 terms per lane are rounded to about 1e-5.
        for (let n = 0; n < 2; n++) logits.fill(12, (n + 1) * vocabSize - 20, (n + 1) * vocabSize);
        const { out, gradient } = await op.run(gpu, logits, shape);
        op.reference(logits, shape).forEach((expected, n) => {
          assertAlmostEquals(out[n], expected, 2e-5 * Math.max(1, Math.abs(expected)));
        });
        for (let n = 0; n < 2; n++) {
          const row = gradient.subarray(n * vocabSize, (n + 1) * vocabSize);
          assert(row[vocabSize - 1] !== 0);
          const magnitude = row.reduce((sum, slope) => sum + Math.abs(slope), 0);
          assertAlmostEquals(row.reduce((sum, slope) => sum + slope, 0), 0, 2e-5 * Math.max(1, magnitude));
        }
      }
    },
  );

  gpuTest(`${op.name}: logits thousands apart and far from 0 give the reference's finite values`, async (gpu) => {
    const rows = [
      (i: number) => i % 2 === 0 ? 80 : -80,
      (i: number) => i === 2 ? 1e4 : 0,
      (i: number) => i === 3 ? -1e4 : 0,
      (i: number) => i - 1e4,
      () => 1e4,
    ];
    for (const vocabSize of [37, 260]) {
      const shape = [rows.length, vocabSize];
      const logits = Float32Array.from(rows.flatMap((logit) => Array.from({ length: vocabSize }, (_, i) => logit(i))));
      const { out, gradient } = await op.run(gpu, logits, shape);
      op.reference(logits, shape).forEach((expected, n) => {
        assertAlmostEquals(out[n], expected, 2e-6 * Math.max(1, Math.abs(expected)));
      });
      assert(gradient.every((slope) => Number.isFinite(slope)));
    }
  });
}

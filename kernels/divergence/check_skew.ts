import { assertAlmostEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import { checkDivergence, runDivergence } from "./check_divergence.ts";
import type { Divergence } from "./divergence.ts";
import type { SkewAttrs } from "./mixture.ts";

/** Registers the tests of a skewed Kullback-Leibler divergence: those of `checkDivergence`, and its laws. */
export function checkSkew(op: Divergence<SkewAttrs>, unskewed: Divergence): void {
  checkDivergence(op, [{ skew: 0.1 }, { skew: 0.75 }, { skew: 0 }]);

  gpuTest(`${op.name} without skew is ${unskewed.name}, in value and gradient`, async (gpu) => {
    const shape = [5, 52];
    const student = Float32Array.from({ length: 5 * 52 }, (_, i) => 9 * Math.sin(i * i));
    const teacher = Float32Array.from({ length: 5 * 52 }, (_, i) => 9 * Math.cos(2 * i * i));
    const skewed = await runDivergence(gpu, op, { student, teacher }, shape, { temperature: 1, skew: 0 });
    const plain = await runDivergence(gpu, unskewed, { student, teacher }, shape, { temperature: 1 });
    skewed.values.forEach((value, n) => assertAlmostEquals(value, plain.values[n], 2e-6));
    skewed.gradient.forEach((slope, i) => assertAlmostEquals(slope, plain.gradient[i], 1e-6));
  });

  gpuTest(`${op.name} of policies that share no action is −log of its skew`, async (gpu) => {
    const student = Float32Array.from({ length: 26 }, (_, i) => i % 2 === 0 ? 300 : 0);
    const policies = { student, teacher: student.map((logit) => 300 - logit) };
    for (const skew of [0.1, 0.5, 1e-6]) {
      const { values: [value] } = await runDivergence(gpu, op, policies, [1, 26], { temperature: 1, skew });
      assertAlmostEquals(value / -Math.log(skew), 1, 1e-6);
    }
  });

  gpuTest(`${op.name} refuses a skew that is not in [0, 1)`, async (gpu) => {
    const logits = gpu.allocate([1, 4]);
    for (const skew of [-0.1, 1, 0.99999999, NaN]) {
      assertThrows(
        () => op.forward(gpu, { student: logits, teacher: logits }, { temperature: 1, skew }),
        RangeError,
        `Cannot run ${op.name}: skew is ${skew}, not from 0 to below 1`,
      );
    }
    await gpu.settle();
  });
}

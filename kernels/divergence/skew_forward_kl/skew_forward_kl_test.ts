import { assertAlmostEquals, assertThrows } from "@std/assert";
import { checkDivergence, runDivergence } from "../check_divergence.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { skewForwardKl } from "./skew_forward_kl.ts";

checkDivergence(skewForwardKl, [{ skew: 0.1 }, { skew: 0.75 }, { skew: 0 }]);

gpuTest("skewForwardKl without skew is forwardKl, in value and gradient", async (gpu) => {
  const shape = [5, 52];
  const student = Float32Array.from({ length: 5 * 52 }, (_, i) => 9 * Math.sin(i * i));
  const teacher = Float32Array.from({ length: 5 * 52 }, (_, i) => 9 * Math.cos(2 * i * i));
  const skewed = await runDivergence(gpu, skewForwardKl, { student, teacher }, shape, { temperature: 1, skew: 0 });
  const plain = await runDivergence(gpu, forwardKl, { student, teacher }, shape, { temperature: 1 });
  skewed.values.forEach((value, n) => assertAlmostEquals(value, plain.values[n], 2e-6));
  skewed.gradient.forEach((slope, i) => assertAlmostEquals(slope, plain.gradient[i], 1e-6));
});

gpuTest("skewForwardKl of policies that share no action is −log of its skew", async (gpu) => {
  const student = Float32Array.from({ length: 26 }, (_, i) => i % 2 === 0 ? 300 : 0);
  const policies = { student, teacher: student.map((logit) => 300 - logit) };
  for (const skew of [0.1, 0.5, 1e-6]) {
    const { values: [value] } = await runDivergence(gpu, skewForwardKl, policies, [1, 26], { temperature: 1, skew });
    assertAlmostEquals(value / -Math.log(skew), 1, 1e-6);
  }
});

gpuTest("skewForwardKl refuses a skew that is not in [0, 1)", async (gpu) => {
  const logits = gpu.allocate([1, 4]);
  for (const skew of [-0.1, 1, 0.99999999, NaN]) {
    assertThrows(
      () => skewForwardKl.forward(gpu, { student: logits, teacher: logits }, { temperature: 1, skew }),
      RangeError,
      `Cannot run skewForwardKl: skew is ${skew}, not from 0 to below 1`,
    );
  }
  await gpu.settle();
});

import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { checkDivergence, runDivergence } from "../check_divergence.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import { gpuTest } from "../../test_gpu.ts";
import { jensenShannon } from "./jensen_shannon.ts";

checkDivergence(jensenShannon, [{ weight: 0.5 }, { weight: 0.1 }]);

const SHAPE = [5, 52];
const x = Float32Array.from({ length: 5 * 52 }, (_, i) => 6 * Math.sin(i * i));
const y = Float32Array.from({ length: 5 * 52 }, (_, i) => 6 * Math.cos(2 * i * i));

gpuTest("jensenShannon of weight w is that of weight 1 − w with student and teacher exchanged", async (gpu) => {
  for (const weight of [0.5, 0.25, 0.9]) {
    const attrs = { temperature: 1, weight };
    const there = await runDivergence(gpu, jensenShannon, { student: x, teacher: y }, SHAPE, attrs);
    const back = { temperature: 1, weight: 1 - weight };
    const reversed = await runDivergence(gpu, jensenShannon, { student: y, teacher: x }, SHAPE, back);
    there.values.forEach((value, n) => assertAlmostEquals(value, reversed.values[n], 1e-6));
  }
});

gpuTest("jensenShannon of policies that share no action is the entropy of its weight", async (gpu) => {
  const student = Float32Array.from({ length: 26 }, (_, i) => i % 2 === 0 ? 300 : 0);
  const policies = { student, teacher: student.map((logit) => 300 - logit) };
  for (const weight of [0.5, 0.1, 0.999]) {
    const { values: [value] } = await runDivergence(gpu, jensenShannon, policies, [1, 26], { temperature: 1, weight });
    assertAlmostEquals(value, -weight * Math.log(weight) - (1 - weight) * Math.log(1 - weight), 1e-6);
  }
});

gpuTest("jensenShannon of a small weight w is w times forwardKl, to first order", async (gpu) => {
  const weight = 1e-3;
  const policies = { student: x.map((logit) => logit / 3), teacher: y.map((logit) => logit / 3) };
  const js = await runDivergence(gpu, jensenShannon, policies, SHAPE, { temperature: 1, weight });
  const kl = await runDivergence(gpu, forwardKl, policies, SHAPE, { temperature: 1 });
  js.values.forEach((value, n) => assert(Math.abs(value / weight - kl.values[n]) < 0.02 * kl.values[n]));
});

gpuTest("jensenShannon refuses a weight that is not between 0 and 1", async (gpu) => {
  const logits = gpu.allocate([1, 4]);
  for (const weight of [0, 1, -0.5, 1.5, NaN]) {
    assertThrows(
      () => jensenShannon.forward(gpu, { student: logits, teacher: logits }, { temperature: 1, weight }),
      RangeError,
      `Cannot run jensenShannon: weight is ${weight}, not between 0 and 1`,
    );
  }
  await gpu.settle();
});

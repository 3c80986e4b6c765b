import { assert, assertAlmostEquals } from "@std/assert";
import fc from "fast-check";
import { checkDivergence, runDivergence } from "../check_divergence.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import { gpuTest } from "../../test_gpu.ts";
import { totalVariation } from "./total_variation.ts";

checkDivergence(totalVariation, [{}]);

const ATTRS = { temperature: 1 };

gpuTest("totalVariation of policies that share no action is 1", async (gpu) => {
  const student = Float32Array.from({ length: 26 }, (_, i) => i % 2 === 0 ? 300 : 0);
  const policies = { student, teacher: student.map((logit) => 300 - logit) };
  const { values: [value] } = await runDivergence(gpu, totalVariation, policies, [1, 26], ATTRS);
  assertAlmostEquals(value, 1, 1e-6);
});

gpuTest("totalVariation lies in [0, 1], is symmetric, and keeps Pinsker's bound 2 TV² ≤ KL", async (gpu) => {
  const logit = fc.double({ min: -9, max: 9, noNaN: true });
  const row = fc.array(fc.tuple(logit, logit), { minLength: 1, maxLength: 70 });
  await fc.assert(
    fc.asyncProperty(row, async (entries) => {
      const [x, y] = [0, 1].map((which) => Float32Array.from(entries, (entry) => entry[which]));
      const shape = [1, entries.length];
      const { values: [value] } = await runDivergence(gpu, totalVariation, { student: x, teacher: y }, shape, ATTRS);
      const { values: [reversed] } = await runDivergence(gpu, totalVariation, { student: y, teacher: x }, shape, ATTRS);
      const { values: [kl] } = await runDivergence(gpu, forwardKl, { student: x, teacher: y }, shape, ATTRS);
      assert(value >= 0 && value <= 1 + 1e-6, `${value}`);
      assertAlmostEquals(value, reversed, 1e-6);
      assert(2 * value * value <= kl + 1e-5, `2 · ${value}² > ${kl}`);
    }),
    { numRuns: 30, seed: 1 },
  );
});

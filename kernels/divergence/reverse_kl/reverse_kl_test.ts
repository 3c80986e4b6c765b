import { assertAlmostEquals } from "@std/assert";
import { checkDivergence, runDivergence } from "../check_divergence.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import { gpuTest } from "../../test_gpu.ts";
import { reverseKl } from "./reverse_kl.ts";

checkDivergence(reverseKl, [{}]);

gpuTest("reverseKl is forwardKl with student and teacher exchanged", async (gpu) => {
  const shape = [5, 52];
  const x = Float32Array.from({ length: 5 * 52 }, (_, i) => 6 * Math.sin(i * i));
  const y = Float32Array.from({ length: 5 * 52 }, (_, i) => 6 * Math.cos(2 * i * i));
  const reverse = await runDivergence(gpu, reverseKl, { student: x, teacher: y }, shape, { temperature: 2 });
  const forward = await runDivergence(gpu, forwardKl, { student: y, teacher: x }, shape, { temperature: 2 });
  reverse.values.forEach((value, n) => assertAlmostEquals(value, forward.values[n], 1e-6));
});

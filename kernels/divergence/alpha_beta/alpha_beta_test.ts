import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import { checkDivergence, runDivergence } from "../check_divergence.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import { logSoftmaxReference } from "../../log_sum_exp/log_softmax_reference.ts";
import { reverseKl } from "../reverse_kl/reverse_kl.ts";
import { gpuTest } from "../../test_gpu.ts";
import { alphaBeta } from "./alpha_beta.ts";

checkDivergence(alphaBeta, [{ alpha: 0.2, beta: 0.7 }]);

checkOp(alphaBeta, [
  {
    label: "a negative exponent",
    inputs: { student: [7, 37], teacher: [7, 37] },
    attrs: { temperature: 1, alpha: 1.2, beta: -0.2 },
    fill: { student: (i) => 4 * Math.sin(i * i), teacher: (i) => 5 * Math.cos(3 * i * i) },
  },
  {
    label: "exponents of a negative sum",
    inputs: { student: [5, 52], teacher: [5, 52] },
    attrs: { temperature: 2, alpha: 0.5, beta: -1 },
  },
]);

const student = Float32Array.from({ length: 52 }, (_, i) => 3 * Math.sin(i * i));
const teacher = Float32Array.from({ length: 52 }, (_, i) => 3 * Math.cos(2 * i * i));
const policies = { student, teacher };

function sumOverActions(term: (p: number, q: number) => number): number {
  const logQ = logSoftmaxReference(Float64Array.from(student));
  return logSoftmaxReference(Float64Array.from(teacher)).reduce(
    (sum, logP, i) => sum + term(Math.exp(logP), Math.exp(logQ[i])),
    0,
  );
}

gpuTest("alphaBeta(1, 1) is half the squared distance, alphaBeta(1/2, 1/2) that of the roots, doubled", async (gpu) => {
  const valueAt = async (alpha: number, beta: number) =>
    (await runDivergence(gpu, alphaBeta, policies, [1, 52], { temperature: 1, alpha, beta })).values[0];
  assertAlmostEquals(await valueAt(1, 1), sumOverActions((p, q) => (p - q) ** 2 / 2), 1e-6);
  assertAlmostEquals(await valueAt(0.5, 0.5), sumOverActions((p, q) => 2 * (Math.sqrt(p) - Math.sqrt(q)) ** 2), 2e-6);
});

gpuTest("alphaBeta tends to forwardKl at (1, 0) and to reverseKl at (0, 1), in value and gradient", async (gpu) => {
  for (const [op, alpha, beta] of [[forwardKl, 1, 1e-3], [reverseKl, 1e-3, 1]] as const) {
    const near = await runDivergence(gpu, alphaBeta, policies, [1, 52], { temperature: 1, alpha, beta });
    const limit = await runDivergence(gpu, op, policies, [1, 52], { temperature: 1 });
    assert(Math.abs(near.values[0] - limit.values[0]) < 0.01 * limit.values[0], `${near.values} ${limit.values}`);
    const largest = Math.max(...limit.gradient.map(Math.abs));
    near.gradient.forEach((slope, i) => assertAlmostEquals(slope, limit.gradient[i], 0.01 * largest));
  }
});

gpuTest("alphaBeta refuses exponents whose divergence is a limit, and what is not a number", async (gpu) => {
  const logits = gpu.allocate([1, 4]);
  const refused = [
    [0, 1, "alpha is 0"],
    [1, 0, "beta is 0"],
    [0.5, -0.5, "alpha + beta is 0"],
    [NaN, 1, "alpha is NaN"],
    [1, Infinity, "beta is Infinity"],
  ] as const;
  for (const [alpha, beta, message] of refused) {
    assertThrows(
      () => alphaBeta.forward(gpu, { student: logits, teacher: logits }, { temperature: 1, alpha, beta }),
      RangeError,
      `Cannot run alphaBeta: ${message}, not a number other than 0`,
    );
  }
  await gpu.settle();
});

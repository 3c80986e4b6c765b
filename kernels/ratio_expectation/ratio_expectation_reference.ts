import { logSoftmaxReference, perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../op.ts";
import type { RatioAttrs } from "./ratio_expectation.ts";

/** Σ_a softmax(policy)[a] tanh(c e^logScale (log p − log q)[a] + bias), row by row in float64. */
export function ratioExpectationReference(
  { policy, teacher, student, logScale }: Named<"policy" | "teacher" | "student" | "logScale", Array64>,
  { c, bias }: RatioAttrs,
): Array64 {
  const scale = c * Math.exp(logScale.data[0]);
  const [policyRows, teacherRows, studentRows] = [policy, teacher, student].map(rowsOf);
  return perRow(policyRows.length, (n) => {
    const [logPi, logP, logQ] = [policyRows, teacherRows, studentRows].map((rows) => logSoftmaxReference(rows[n]));
    return logPi.reduce((sum, value, a) => sum + Math.exp(value) * Math.tanh(scale * (logP[a] - logQ[a]) + bias), 0);
  });
}

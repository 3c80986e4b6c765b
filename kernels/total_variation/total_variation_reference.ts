import { logSoftmaxReference, perRow, rowsOf } from "../log_sum_exp/log_softmax_reference.ts";
import type { TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import type { Array64, Named } from "../op.ts";

/** ½ Σ_a |p − q|, row by row in float64. */
export function totalVariationReference(
  { student, teacher }: Named<"student" | "teacher", Array64>,
  { temperature }: TemperatureAttrs,
): Array64 {
  const [studentRows, teacherRows] = [rowsOf(student), rowsOf(teacher)];
  return perRow(studentRows.length, (n) => {
    const logQ = logSoftmaxReference(studentRows[n], temperature);
    const logP = logSoftmaxReference(teacherRows[n], temperature);
    return logP.reduce((sum, value, a) => sum + Math.abs(Math.exp(value) - Math.exp(logQ[a])) / 2, 0);
  });
}

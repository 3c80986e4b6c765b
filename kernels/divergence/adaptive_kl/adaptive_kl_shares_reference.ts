import { logSoftmaxReference, perRow, rowsOf } from "../../log_sum_exp/log_softmax_reference.ts";
import type { Array64, Named } from "../../op.ts";
import type { AdaptiveKlSettings } from "./adaptive_kl_shares.ts";

/** The head's share of Σ |p − q|, row by row in float64: the head is cut from the tokens in the teacher's order. */
export function adaptiveKlSharesReference(
  { student, teacher }: Named<"student" | "teacher", Array64>,
  { headMass }: AdaptiveKlSettings,
): Array64 {
  const [studentRows, teacherRows] = [rowsOf(student), rowsOf(teacher)];
  return perRow(teacherRows.length, (n) => {
    const p = logSoftmaxReference(teacherRows[n]).map(Math.exp);
    const q = logSoftmaxReference(studentRows[n]).map(Math.exp);
    const logits = teacherRows[n];
    const ranking = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
    let mass = 0;
    const last = ranking.find((token) => (mass += p[token]) >= headMass) ?? ranking[ranking.length - 1];
    let [head, tail] = [0, 0];
    for (const token of ranking) {
      const gap = Math.abs(p[token] - q[token]);
      if (logits[token] >= logits[last]) head += gap;
      else tail += gap;
    }
    return head + tail === 0 ? 0.5 : head / (head + tail);
  });
}

import { fromSft } from "#lib/bench/method.ts";
import { drawsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";

export const opd = fromSft({
  summary: "reverse KL on the student's own texts (on-policy distillation; Thinking Machines 2025)",
  module: import.meta.url,
  key: "opd",
  train: (run) => distilOn(run, drawsOf(run).student, distanceAlone({ kind: "reverseKl" })),
});

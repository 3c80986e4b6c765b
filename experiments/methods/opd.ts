import { fromSft } from "#lib/bench/method.ts";
import { drawsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** The sum over the vocabulary is differentiated: the source's expectation, without the variance of one sampled token. */
export const opd = fromSft({
  summary: "reverse KL on the student's own texts (on-policy distillation; Thinking Machines 2025)",
  source: {
    title: "On-Policy Distillation (Thinking Machines Lab)",
    year: 2025,
    url: "https://thinkingmachines.ai/blog/on-policy-distillation/",
  },
  equation: "loss = KL(q ‖ p), texts of the student",
  label: "On-policy reverse KL",
  style: seriesStyle("green", "mixed", "triangle-left", "hollow"),
  numerics: 1,
  teacher: "probabilities",
  train: (run) => distilOn(run, drawsOf(run).student, distanceAlone({ kind: "reverseKl" })),
});

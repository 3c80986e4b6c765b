import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { fraction, insideUnit } from "#lib/bench/setting_schemas.ts";
import { choicesOf, drawsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { gkdTexts } from "#lib/training/gkd_texts.ts";

export const gkd = fromSft({
  summary: "Jensen-Shannon on the data or the student's own texts, at random (Agarwal et al. 2023)",
  source: {
    title: "On-Policy Distillation of Language Models: Learning from Self-Generated Mistakes (Agarwal et al.)",
    year: 2023,
    url: "https://arxiv.org/abs/2306.13649",
  },
  equation:
    "loss = w KL(p ‖ m) + (1 − w) KL(q ‖ m), m = w p + (1 − w) q, texts of the student with probability studentShare, else the data",
  label: "GKD",
  style: seriesStyle("sky", "mixed", "triangle-down"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    studentShare: fraction.default(0.5).describe("share of steps on the student's own texts"),
    weight: insideUnit.default(0.5).describe("w, of the teacher in the mixture of the Jensen-Shannon divergence"),
  }),
  train(run, { studentShare, weight }) {
    const texts = gkdTexts(drawsOf(run), { studentShare }, choicesOf(run));
    return distilOn(run, texts, distanceAlone({ kind: "jensenShannon", weight }));
  },
});

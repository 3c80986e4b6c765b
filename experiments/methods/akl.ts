import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { insideUnit } from "#lib/bench/setting_schemas.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

export const akl = fromSft({
  summary: "forward and reverse KL weighed by where they differ, at the states of the data (Wu et al. 2024)",
  source: {
    title: "Rethinking Kullback-Leibler Divergence in Knowledge Distillation for Large Language Models (Wu et al.)",
    year: 2024,
    url: "https://arxiv.org/abs/2404.02657",
  },
  equation: `loss = g_h/(g_h + g_t) KL(p ‖ q) + g_t/(g_h + g_t) KL(q ‖ p), texts of the data;
g_h, g_t = Σ |p − q| over the teacher's likeliest tokens of mass headMass, and over the rest`,
  label: "AKL",
  style: seriesStyle("black", "short", "triangle-right", "hollow"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    headMass: insideUnit.default(0.5).describe("mass of the teacher's likeliest tokens that make the head"),
  }),
  train: (run, { headMass }) => distilOn(run, dataOf(run), distanceAlone({ kind: "adaptiveKl", headMass })),
});

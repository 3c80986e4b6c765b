import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { positive } from "#lib/bench/setting_schemas.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

export const abkd = fromSft({
  summary: "alpha-beta divergence at the states of the data (Wang et al. 2025)",
  source: {
    title:
      "ABKD: Pursuing a Proper Allocation of the Probability Mass in Knowledge Distillation via α-β-Divergence (Wang et al.)",
    year: 2025,
    url: "https://arxiv.org/abs/2505.04560",
  },
  equation: "loss = −1/(αβ) Σ [ p^α q^β − α/(α+β) p^(α+β) − β/(α+β) q^(α+β) ], texts of the data",
  label: "ABKD",
  style: seriesStyle("purple", "long", "diamond", "hollow"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    alpha: positive.default(0.2).describe("power of the teacher's probabilities"),
    beta: positive.default(0.7).describe("power of the student's"),
  }),
  train: (run, { alpha, beta }) => distilOn(run, dataOf(run), distanceAlone({ kind: "alphaBeta", alpha, beta })),
});

import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { fraction, positive } from "#lib/bench/setting_schemas.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** Without the factor T² of Hinton et al.; at temperature 1 there is none. */
export const kd = fromSft({
  summary: "forward KL at the states of the data (Hinton et al. 2015)",
  source: {
    title: "Distilling the Knowledge in a Neural Network (Hinton, Vinyals & Dean)",
    year: 2015,
    url: "https://arxiv.org/abs/1503.02531",
  },
  equation: "loss = (1 − kdRatio) CE + kdRatio KL(p ‖ q), texts of the data",
  label: "KD",
  style: seriesStyle("orange", "long", "square"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    kdRatio: fraction.default(1).describe("weight of the divergence; 1 - kdRatio is that of cross-entropy on the data"),
    temperature: positive.default(1).describe("both policies' logits are divided by it"),
  }),
  train: (run, { kdRatio, temperature }) =>
    distilOn(run, dataOf(run), { distance: { kind: "forwardKl" }, kdRatio, temperature }),
});

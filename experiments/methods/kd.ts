import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { count, fraction, positive } from "#lib/bench/setting_schemas.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn, distilOnKnown } from "#lib/bench/text_training.ts";
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
    topTokens: count.nullable().default(null)
      .describe(
        "of the teacher's likeliest tokens, kept on the disk, with all others as one; null is the whole vocabulary",
      ),
  }),
  counting: ({ topTokens, ...others }) => ({ ...others, ...(topTokens !== null && { topTokens }) }),
  takesProbabilitiesBefore: ({ topTokens }) => topTokens !== null,
  train(run, { kdRatio, temperature, topTokens }) {
    const settings = { distance: { kind: "forwardKl" }, kdRatio, temperature } as const;
    return topTokens === null
      ? distilOn(run, dataOf(run), settings)
      : distilOnKnown(run, dataOf(run), settings, topTokens);
  },
});

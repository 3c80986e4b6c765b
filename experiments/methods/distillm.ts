import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { count, fraction } from "#lib/bench/setting_schemas.ts";
import { distilAdaptively } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { checkCapacity } from "./replay_capacity.ts";

export const distillm = fromSft({
  summary: "skewed forward KL with an adaptive share of the student's texts (Ko et al. 2024)",
  source: {
    title: "DistiLLM: Towards Streamlined Distillation for Large Language Models (Ko et al.)",
    year: 2024,
    url: "https://arxiv.org/abs/2402.03898",
  },
  equation:
    "loss = KL(p ‖ skew p + (1 − skew) q), texts of the student (new or from a buffer) or the data, by a scheduler",
  label: "DistiLLM",
  style: seriesStyle("purple", "solid", "diamond"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    skew: z.number().min(0).lt(1).default(0.1).describe("share of the teacher in the mixture that its KL is taken to"),
    capacity: count.default(200).describe("texts of the student that are kept to learn from again"),
    initialStudentShare: fraction.default(0).describe("share of steps on the student's texts, at the start"),
    studentShareIncrement: fraction.default(0.1).describe("what a raise adds to that share"),
    raiseWhen: z.enum(["lossStalls", "lossRises"]).default("lossStalls").describe(
      "when the share is raised: the validation loss has not fallen by the margin, or has risen by it",
    ),
    lossMargin: z.number().min(0).default(0.1).describe("of that comparison, in nats"),
  }),
  check: checkCapacity,
  train: (run, { skew, ...texts }) => distilAdaptively(run, texts, distanceAlone({ kind: "skewForwardKl", skew })),
});

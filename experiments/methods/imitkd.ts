import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { count, fraction } from "#lib/bench/setting_schemas.ts";
import { choicesOf, drawsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { imitkdTexts } from "#lib/training/imitkd_texts.ts";
import { checkCapacity } from "./replay_capacity.ts";

export const imitkd = fromSft({
  summary: "forward KL on the student's own texts, through a buffer (Lin et al. 2020)",
  source: {
    title: "Autoregressive Knowledge Distillation through Imitation Learning (Lin et al.)",
    year: 2020,
    url: "https://arxiv.org/abs/2009.07253",
  },
  equation: "loss = KL(p ‖ q), texts of the student through a first-in, first-out buffer",
  label: "ImitKD",
  style: seriesStyle("sky", "long", "triangle-down", "hollow"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    studentShare: fraction.default(1).describe("share of steps on the student's own texts"),
    capacity: count.default(1000).describe("texts of the student that are kept to learn from again"),
  }),
  check: checkCapacity,
  train: (run, settings) =>
    distilOn(run, imitkdTexts(drawsOf(run), settings, choicesOf(run)), distanceAlone({ kind: "forwardKl" })),
});

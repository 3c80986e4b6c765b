import { fromSft } from "#lib/bench/method.ts";
import { choicesOf, drawsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { imitkdTexts } from "#lib/training/imitkd_texts.ts";

export const imitkd = fromSft({
  summary: "forward KL on the student's own texts, through a buffer (Lin et al. 2020)",
  module: import.meta.url,
  key: "imitkd",
  train(run) {
    const texts = imitkdTexts(drawsOf(run), run.bench.profile.imitkd, choicesOf(run));
    return distilOn(run, texts, distanceAlone({ kind: "forwardKl" }));
  },
});

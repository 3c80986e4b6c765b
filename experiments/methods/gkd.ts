import { fromSft } from "#lib/bench/method.ts";
import { choicesOf, drawsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";
import { gkdTexts } from "#lib/training/gkd_texts.ts";

export const gkd = fromSft({
  summary: "Jensen-Shannon on the data and the student's own texts by turns (Agarwal et al. 2023)",
  module: import.meta.url,
  key: "gkd",
  train(run) {
    const { studentShare, weight } = run.bench.profile.gkd;
    const texts = gkdTexts(drawsOf(run), { studentShare }, choicesOf(run));
    return distilOn(run, texts, distanceAlone({ kind: "jensenShannon", weight }));
  },
});

import { fromSft } from "#lib/bench/method.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";

export const abkd = fromSft({
  summary: "alpha-beta divergence at the states of the data (Wang et al. 2025)",
  module: import.meta.url,
  key: "abkd",
  train(run) {
    const { alpha, beta } = run.bench.profile.abkd;
    return distilOn(run, dataOf(run), distanceAlone({ kind: "alphaBeta", alpha, beta }));
  },
});

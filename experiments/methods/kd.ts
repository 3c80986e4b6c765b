import { fromSft } from "#lib/bench/method.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";

export const kd = fromSft({
  summary: "forward KL at the states of the data (Hinton et al. 2015)",
  module: import.meta.url,
  key: "kd",
  train(run) {
    const { kdRatio, temperature } = run.bench.profile.kd;
    return distilOn(run, dataOf(run), { distance: { kind: "forwardKl" }, kdRatio, temperature });
  },
});

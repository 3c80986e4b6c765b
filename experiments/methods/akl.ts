import { fromSft } from "#lib/bench/method.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";

export const akl = fromSft({
  summary: "forward and reverse KL weighed by where they differ, at the states of the data (Wu et al. 2024)",
  module: import.meta.url,
  key: "akl",
  train(run) {
    const { headMass } = run.bench.profile.akl;
    return distilOn(run, dataOf(run), distanceAlone({ kind: "adaptiveKl", headMass }));
  },
});

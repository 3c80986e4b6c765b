import { fromSft } from "#lib/bench/method.ts";
import { distilAdaptively } from "#lib/bench/text_training.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";

export const distillm = fromSft({
  summary: "skewed forward KL with an adaptive share of the student's texts (Ko et al. 2024)",
  module: import.meta.url,
  key: "distillm",
  train(run) {
    const { skew, ...texts } = run.bench.profile.distillm;
    return distilAdaptively(run, texts, distanceAlone({ kind: "skewForwardKl", skew }));
  },
});

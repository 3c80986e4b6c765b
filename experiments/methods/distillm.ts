import { fromSft } from "#lib/experiment/method.ts";
import { distilAdaptively } from "#lib/experiment/text_training.ts";
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

import { fromSft } from "#lib/bench/method.ts";
import { miniLlm } from "#lib/bench/minillm_run.ts";

export const minillm = fromSft({
  summary: "policy gradient of reverse KL on texts of both policies mixed (Gu et al. 2023)",
  module: import.meta.url,
  key: "minillm",
  train: (run) => miniLlm(run, run.bench.profile.minillm),
});

import { defineDivergence, requireAttr } from "../divergence.ts";
import { logMixtureReference } from "../mixture.ts";
import mixtureWgsl from "../mixture.wgsl" with { type: "text" };
import type { TemperatureAttrs } from "../../log_sum_exp/temperature.ts";
import wgsl from "./jensen_shannon.wgsl" with { type: "text" };

export interface JensenShannonAttrs extends TemperatureAttrs {
  /** w, the teacher's share in the mixture, between 0 and 1; the symmetric distance has 0.5. */
  readonly weight: number;
}

/**
 * w KL(p ‖ m) + (1 − w) KL(q ‖ m) with m = w p + (1 − w) q of every row, in nats, p of the teacher and q of the
 * student, from the logits of both divided by the temperature: the generalized Jensen-Shannon divergence of GKD
 * (Agarwal et al. 2023, arXiv 2306.13649). At most the entropy of w, log 2 at 0.5. Throws a RangeError where w is not
 * between 0 and 1.
 */
export const jensenShannon = defineDivergence<JensenShannonAttrs>("jensenShannon", {
  wgsl: wgsl + mixtureWgsl,
  params({ weight }) {
    const share = Math.fround(weight);
    requireAttr("jensenShannon", "weight", weight, share > 0 && share < 1, "between 0 and 1");
    return { weight };
  },
  term(logP, logQ, { weight }) {
    const logM = logMixtureReference(weight, logP, logQ);
    return weight * Math.exp(logP) * (logP - logM) + (1 - weight) * Math.exp(logQ) * (logQ - logM);
  },
});

import { defineDivergence } from "../divergence.ts";
import { logMixtureReference, type SkewAttrs, skewOf } from "../mixture.ts";
import mixtureWgsl from "../mixture.wgsl" with { type: "text" };
import wgsl from "./skew_forward_kl.wgsl" with { type: "text" };

/**
 * KL(p ‖ a p + (1 − a) q) of every row, in nats, p of the teacher and q of the student, from the logits of both divided
 * by the temperature, a the skew: DistiLLM (Ko et al. 2024, arXiv 2402.03898), which takes 0.1. At most −log a; with a
 * = 0 it is forwardKl. Throws a RangeError where a is not in [0, 1).
 */
export const skewForwardKl = defineDivergence<SkewAttrs>("skewForwardKl", {
  wgsl: wgsl + mixtureWgsl,
  params: (attrs) => skewOf("skewForwardKl", attrs),
  term: (logP, logQ, { skew }) => Math.exp(logP) * (logP - logMixtureReference(skew, logP, logQ)),
});

import { defineDivergence } from "../divergence.ts";
import { logMixtureReference, type SkewAttrs, skewOf } from "../mixture.ts";
import mixtureWgsl from "../mixture.wgsl" with { type: "text" };
import wgsl from "./skew_reverse_kl.wgsl" with { type: "text" };

/**
 * KL(q ‖ (1 − a) p + a q) of every row, in nats, p of the teacher and q of the student, from the logits of both divided
 * by the temperature, a the skew: DistiLLM (Ko et al. 2024, arXiv 2402.03898), which takes 0.1. At most −log a; with a
 * = 0 it is reverseKl. Throws a RangeError where a is not in [0, 1).
 */
export const skewReverseKl = defineDivergence<SkewAttrs>("skewReverseKl", {
  wgsl: wgsl + mixtureWgsl,
  params: (attrs) => skewOf("skewReverseKl", attrs),
  term: (logP, logQ, { skew }) => Math.exp(logQ) * (logQ - logMixtureReference(skew, logQ, logP)),
});

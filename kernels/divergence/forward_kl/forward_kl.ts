import { defineDivergence } from "../divergence.ts";
import wgsl from "./forward_kl.wgsl" with { type: "text" };

/**
 * KL(teacher ‖ student) = Σ_V p (log p − log q) of every row, in nats, from the logits of both divided by the
 * temperature. The factor T² with which Hinton et al. (2015, arXiv 1503.02531) scale it is left to the caller.
 */
export const forwardKl = defineDivergence("forwardKl", {
  wgsl,
  term: (logP, logQ) => Math.exp(logP) * (logP - logQ),
});

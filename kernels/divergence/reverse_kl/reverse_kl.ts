import { defineDivergence } from "../divergence.ts";
import wgsl from "./reverse_kl.wgsl" with { type: "text" };

/**
 * KL(student ‖ teacher) = Σ_V q (log q − log p) of every row, in nats, from the logits of both divided by the
 * temperature: the step-wise part of MiniLLM's objective (Gu et al. 2023, arXiv 2306.08543).
 */
export const reverseKl = defineDivergence("reverseKl", {
  wgsl,
  term: (logP, logQ) => Math.exp(logQ) * (logQ - logP),
});

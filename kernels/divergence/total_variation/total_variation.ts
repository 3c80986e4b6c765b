import { defineDivergence } from "../divergence.ts";
import wgsl from "./total_variation.wgsl" with { type: "text" };

/**
 * ½ Σ_V |p − q| of every row, between 0 and 1, from the logits of teacher and student divided by the temperature. Where
 * p = q the subgradient 0 is taken. Twice this is the supremum of AMMD's moments over |f| ≤ 1 (Jia 2024, arXiv
 * 2406.02959, Corollary 1).
 */
export const totalVariation = defineDivergence("totalVariation", {
  wgsl,
  term: (logP, logQ) => Math.abs(Math.exp(logP) - Math.exp(logQ)) / 2,
});

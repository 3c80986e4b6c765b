import { adaptiveKlShares } from "#kernels/divergence/adaptive_kl/adaptive_kl_shares.ts";
import { add } from "#kernels/elementwise/add/add.ts";
import { alphaBeta } from "#kernels/divergence/alpha_beta/alpha_beta.ts";
import { forwardKl } from "#kernels/divergence/forward_kl/forward_kl.ts";
import { jensenShannon } from "#kernels/divergence/jensen_shannon/jensen_shannon.ts";
import { multiply } from "#kernels/elementwise/multiply/multiply.ts";
import { reverseKl } from "#kernels/divergence/reverse_kl/reverse_kl.ts";
import { skewForwardKl } from "#kernels/divergence/skew_forward_kl/skew_forward_kl.ts";
import { skewReverseKl } from "#kernels/divergence/skew_reverse_kl/skew_reverse_kl.ts";
import { totalVariation } from "#kernels/divergence/total_variation/total_variation.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { difference } from "./linear_combination.ts";

/**
 * How far a student's next-token distribution q is from its teacher's p, step by step (AMMD Definition 3 and the methods after it):
 *
 * - `forwardKl` KL(p ‖ q); `reverseKl` KL(q ‖ p); `totalVariation` ½ Σ |p − q|
 * - `jensenShannon` weight · KL(p ‖ m) + (1 − weight) · KL(q ‖ m), m = weight · p + (1 − weight) · q (GKD; Agarwal et al. 2023, arXiv
 *   2306.13649)
 * - `skewForwardKl` KL(p ‖ skew · p + (1 − skew) · q); `skewReverseKl` KL(q ‖ (1 − skew) · p + skew · q) (DistiLLM; Ko et al. 2024,
 *   arXiv 2402.03898)
 * - `alphaBeta` the α-β-divergence (ABKD; Wang et al. 2025, arXiv 2505.04560)
 * - `adaptiveKl` share · KL(p ‖ q) + (1 − share) · KL(q ‖ p), with the share of |p − q| that lies on the teacher's likeliest tokens,
 *   those that make up `headMass` of p; no gradient flows through the share (AKL; Wu et al. 2024, arXiv 2404.02657)
 */
export type Distance =
  | { readonly kind: "forwardKl" | "reverseKl" | "totalVariation" }
  | { readonly kind: "jensenShannon"; readonly weight: number }
  | { readonly kind: "skewForwardKl" | "skewReverseKl"; readonly skew: number }
  | { readonly kind: "alphaBeta"; readonly alpha: number; readonly beta: number }
  | { readonly kind: "adaptiveKl"; readonly headMass: number };

/** Next-token logits of both policies at some states, `"N V"` each. */
export interface PolicyLogits {
  readonly student: Variable;
  readonly teacher: Variable;
}

/**
 * A distance at every state → `"N"`: the same value as a loss and as a measure. Nats, but for `totalVariation` and `alphaBeta`. The
 * gradient flows into the student alone.
 *
 * @param temperature divides the logits of both policies; the shares of `adaptiveKl` are taken at temperature 1
 */
export function distanceByToken(
  tape: Tape,
  distance: Distance,
  { student, teacher }: PolicyLogits,
  temperature = 1,
): Variable {
  const policies = { student, teacher };
  switch (distance.kind) {
    case "forwardKl":
      return tape.apply(forwardKl, policies, { temperature });
    case "reverseKl":
      return tape.apply(reverseKl, policies, { temperature });
    case "totalVariation":
      return tape.apply(totalVariation, policies, { temperature });
    case "jensenShannon":
      return tape.apply(jensenShannon, policies, { temperature, weight: distance.weight });
    case "skewForwardKl":
      return tape.apply(skewForwardKl, policies, { temperature, skew: distance.skew });
    case "skewReverseKl":
      return tape.apply(skewReverseKl, policies, { temperature, skew: distance.skew });
    case "alphaBeta":
      return tape.apply(alphaBeta, policies, { temperature, alpha: distance.alpha, beta: distance.beta });
    case "adaptiveKl":
      return adaptiveKlByToken(tape, policies, distance.headMass, temperature);
  }
}

/** reverse + share · (forward − reverse) */
function adaptiveKlByToken(tape: Tape, policies: PolicyLogits, headMass: number, temperature: number): Variable {
  const [student, teacher] = [policies.student.value, policies.teacher.value];
  const shares = tape.adopt(adaptiveKlShares(tape.gpu, { student, teacher }, { headMass }));
  const forward = tape.apply(forwardKl, policies, { temperature });
  const reverse = tape.apply(reverseKl, policies, { temperature });
  const shared = tape.apply(multiply, { x: difference(tape, forward, reverse), y: tape.constant(shares) }, {});
  return tape.apply(add, { x: reverse, y: shared }, { xScale: 1, yScale: 1 });
}

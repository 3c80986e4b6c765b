import { entropy } from "#kernels/entropy/entropy.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { distanceByToken, type PolicyLogits } from "./distance.ts";
import { linearCombination } from "./linear_combination.ts";
import { meanOverTokens } from "./states.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** TV(π*(·|s_t), π_θ(·|s_t)) → `"N"` */
export function totalVariationByToken(tape: Tape, policies: PolicyLogits): Variable {
  return distanceByToken(tape, { kind: "totalVariation" }, policies);
}

/**
 * 2·TV(π*, π_θ), mean over the response tokens of the texts → `"1"`: the supremum of either moment over |f| ≤ 1 (AMMD Corollary 1).
 *
 * @param byToken TV, `"N"`
 */
export function twoTotalVariation(tape: Tape, byToken: Variable, batch: Pick<TrajectoryBatch, "weights">): Variable {
  return linearCombination(tape, [{ weight: 2, value: meanOverTokens(tape, byToken, batch) }]);
}

/** How unsure a policy is of its next word, in nats → `"N"` */
export function entropyByToken(tape: Tape, logits: Variable): Variable {
  return tape.apply(entropy, { logits }, {});
}

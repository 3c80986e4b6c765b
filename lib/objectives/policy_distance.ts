import { entropy } from "#kernels/entropy/entropy.ts";
import { totalVariation } from "#kernels/total_variation/total_variation.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { linearCombination } from "./linear_combination.ts";
import { meanOverTokens, type States } from "./states.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** 2·TV(π*, π_θ), mean over the response tokens of the texts: the supremum of either moment over |f| ≤ 1 (AMMD Corollary 1). */
export function twoTotalVariation(
  tape: Tape,
  student: Variable,
  teacher: Variable,
  batch: Pick<TrajectoryBatch, "weights">,
): Variable {
  const perToken = tape.apply(totalVariation, { student, teacher }, { temperature: 1 });
  return linearCombination(tape, [{ weight: 2, value: meanOverTokens(tape, perToken, batch) }]);
}

/** How far a student is from its teacher on given texts, and how sure it is of its words (nats): values, no gradients. */
export function policyDistance(
  tape: Tape,
  { student, teacher }: { readonly student: Pick<States, "logits">; readonly teacher: Pick<States, "logits"> },
  batch: Pick<TrajectoryBatch, "weights">,
): { two_tv: Variable; entropy: Variable } {
  return {
    two_tv: twoTotalVariation(tape, student.logits, teacher.logits, batch),
    entropy: meanOverTokens(tape, tape.apply(entropy, { logits: student.logits }, {}), batch),
  };
}

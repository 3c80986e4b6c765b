import { logSigmoid } from "#kernels/elementwise/log_sigmoid/log_sigmoid.ts";
import { pick } from "#kernels/pick/pick.ts";
import { reshape, type Tensor } from "#kernels/runtime/tensor.ts";
import { topTokens } from "#kernels/top_tokens/top_tokens.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { logitsOf } from "../batch_states.ts";
import type { PolicyLogits } from "../distance.ts";
import type { DistillationPlayers } from "../distillation.ts";
import { difference, linearCombination } from "../linear_combination.ts";
import type { Objective } from "../objective.ts";
import { meanOverTokens, statesOfBoth, surprise } from "../states.ts";
import type { TrajectoryBatch } from "../trajectory_batch.ts";

export interface DpkdSettings {
  /** β of the implicit reward; 0.1 in the released code. */
  readonly beta: number;
  /** Weight of cross-entropy on the same texts; 0.5 in the released code. */
  readonly taskWeight: number;
}

/**
 * Direct preference knowledge distillation, token by token (Li et al. 2024, arXiv 2406.19774, as its released code in LMOps/dpkd has it;
 * the text of the paper has whole sequences): −log σ(β [(log q(y_t) − log q(y_s)) − (log p(y_t) − log p(y_s))]), y_t = argmax p and
 * y_s = argmax q; here without the minus, at each of some states → `"n"`. Log-probabilities of one row differ by its logits. The tokens
 * are held; the gradient flows into the student q alone.
 */
export function dpkdLikelihoods(
  tape: Tape,
  { student, teacher }: PolicyLogits,
  { beta }: Pick<DpkdSettings, "beta">,
): Variable {
  const [preferred, rejected] = [likeliest(tape, teacher), likeliest(tape, student)];
  const leadIn = (values: Variable) => {
    const at = (ids: Tensor) => tape.apply(pick, { values, ids: tape.constant(ids) }, {});
    return difference(tape, at(preferred), at(rejected));
  };
  const x = linearCombination(tape, [
    { weight: beta, value: leadIn(student) },
    { weight: -beta, value: leadIn(tape.detach(teacher)) },
  ]);
  return tape.apply(logSigmoid, { x }, {});
}

/** Minus the mean over the response tokens of given texts, `"N"` → `"1"`. */
export function dpkdLoss(tape: Tape, likelihoods: Variable, batch: Pick<TrajectoryBatch, "weights">): Variable {
  return linearCombination(tape, [{ weight: -1, value: meanOverTokens(tape, likelihoods, batch) }]);
}

/** The likeliest token of each row, `"N"` u32; of equally likely ones the first. The tape owns it. */
export function likeliest(tape: Tape, logits: Variable): Tensor {
  const { tokens, logProbs } = topTokens(tape.gpu, logits.value, 1);
  tape.gpu.release(logProbs);
  return reshape(tape.adopt(tokens), [tokens.shape[0]]);
}

/** DPKD's loss and `taskWeight` times cross-entropy, on given texts. Measures: `loss`, `dpkd`. */
export function dpkd(settings: DpkdSettings): Objective<DistillationPlayers, TrajectoryBatch> {
  return (tape, players, batch) => {
    const { actions } = batch;
    const { likelihoods, surprises } = statesOfBoth(tape, players, batch).each({ actions }, (tape, states, rows) => ({
      likelihoods: dpkdLikelihoods(tape, logitsOf(states), settings),
      surprises: surprise(tape, states.student.logits, rows),
    }));
    const preference = dpkdLoss(tape, likelihoods, batch);
    const loss = linearCombination(tape, [
      { weight: 1, value: preference },
      { weight: settings.taskWeight, value: meanOverTokens(tape, surprises, batch) },
    ]);
    return { loss, measures: { loss, dpkd: preference } };
  };
}

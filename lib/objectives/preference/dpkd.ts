import { logSigmoid } from "#kernels/elementwise/log_sigmoid/log_sigmoid.ts";
import { pick } from "#kernels/pick/pick.ts";
import { reshape, type Tensor } from "#kernels/runtime/tensor.ts";
import { topTokens } from "#kernels/top_tokens/top_tokens.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { PolicyLogits } from "../distance.ts";
import type { DistillationPlayers } from "../distillation.ts";
import { difference, linearCombination } from "../linear_combination.ts";
import type { Objective } from "../objective.ts";
import { meanOverTokens, statesOfBoth } from "../states.ts";
import { crossEntropyOf } from "../supervised.ts";
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
 * y_s = argmax q, mean over the response tokens of given texts → `"1"`. Log-probabilities of one row differ by its logits. The tokens
 * are held; the gradient flows into the student q alone.
 */
export function dpkdLoss(
  tape: Tape,
  { student, teacher }: PolicyLogits,
  batch: Pick<TrajectoryBatch, "weights">,
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
  const likelihood = meanOverTokens(tape, tape.apply(logSigmoid, { x }, {}), batch);
  return linearCombination(tape, [{ weight: -1, value: likelihood }]);
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
    const { student, teacher } = statesOfBoth(tape, players, batch);
    const preference = dpkdLoss(tape, { student: student.logits, teacher: teacher.logits }, batch, settings);
    const loss = linearCombination(tape, [
      { weight: 1, value: preference },
      { weight: settings.taskWeight, value: crossEntropyOf(tape, student, batch) },
    ]);
    return { loss, measures: { loss, dpkd: preference } };
  };
}

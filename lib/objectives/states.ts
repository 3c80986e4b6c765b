import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import { mapNamed } from "#kernels/op.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { type LanguageModel, sameLayout } from "#lib/models/language_model.ts";
import { BatchStates } from "./batch_states.ts";
import { linearCombination } from "./linear_combination.ts";
import type { TrajectoryBatch } from "./trajectory_batch.ts";

/** Runs models over whole texts, unless their states are known; their LM heads run over the response states only. */
export function statesOf<Player extends string>(
  tape: Tape,
  models: Readonly<Record<Player, LanguageModel>>,
  batch: TrajectoryBatch,
): BatchStates<Player> {
  const seen = Object.entries<LanguageModel>(models)
    .map(([player, model]) => [player, { model, hidden: hiddenOf(tape, model, batch) }]);
  return new BatchStates(tape, Object.fromEntries(seen));
}

/** A model's last hidden states at the N states of a batch alone → `"N C"`. */
export function hiddenOf(tape: Tape, model: LanguageModel, batch: TrajectoryBatch): Variable {
  const known = batch.known?.find((each) => each.model === model);
  const [table, rows] = known
    ? [tape.constant(known.table), known.rows]
    : [model.hiddenStates(tape, batch.tokens), batch.states];
  return tape.apply(embedding, { table, ids: tape.constant(rows) }, {});
}

/**
 * The states of one batch as a student and its teacher see them.
 *
 * @throws {InputError} if their vocabularies differ, so that there is no distance between their policies, or if only one of them is an
 * encoder-decoder
 */
export function statesOfBoth(
  tape: Tape,
  { student, teacher }: { readonly student: LanguageModel; readonly teacher: LanguageModel },
  batch: TrajectoryBatch,
): BatchStates<"student" | "teacher"> {
  const [own, theirs] = [student.actionCount, teacher.actionCount];
  if (own !== theirs) {
    throw new InputError(
      `The student's vocabulary has ${own} tokens but its teacher's ${theirs}; they must be the same`,
    );
  }
  if (!sameLayout(student.layout, teacher.layout)) {
    throw new InputError(
      "Of student and teacher one is an encoder-decoder and the other is not; both must read a prompt alike",
    );
  }
  return statesOf(tape, { student, teacher }, batch);
}

/** −log π(y_t | s_t), nats → `"N"` */
export function surprise(tape: Tape, logits: Variable, { actions }: { readonly actions: Tensor }): Variable {
  return tape.apply(crossEntropy, { logits, labels: tape.constant(actions) }, {});
}

/** log π(y_t | s_t) → `"N"` */
export function actionLogProb(tape: Tape, logits: Variable, rows: { readonly actions: Tensor }): Variable {
  return linearCombination(tape, [{ weight: -1, value: surprise(tape, logits, rows) }]);
}

/** log π(y_t | s_t) of each model → `"N"` */
export function actionLogProbs<Player extends string>(
  states: BatchStates<Player>,
  { actions }: Pick<TrajectoryBatch, "actions">,
): Readonly<Record<Player, Variable>> {
  return states.each(
    { actions },
    (tape, policies, rows) => mapNamed(policies, ({ logits }) => actionLogProb(tape, logits, rows)),
  );
}

/** Σ_t γ^(t−1) values_t / N: the discounted mean over the response tokens of a batch → `"1"`. */
export function meanOverTokens(tape: Tape, values: Variable, { weights }: Pick<TrajectoryBatch, "weights">): Variable {
  return tape.apply(weightedSum, { x: values, weights: tape.constant(weights) }, {});
}

import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { BatchStates, mostStates } from "../batch_states.ts";
import { hiddenOf } from "../states.ts";
import { releaseBatch } from "../trajectory_batch.ts";
import { advantageLogits, advantagesOf } from "./bradley_terry.ts";
import { type LabelledPair, packPairs, type PairBatch, responseTokensOfPairs } from "./pair_batch.ts";
import { statesOfPairs } from "./pair_states.ts";

/** Pairs with the teacher's states, which stand still while critic and student learn. */
export interface TaughtPairs extends PairBatch {
  /** The teacher's last hidden states, `"N C"` */
  readonly features: Tensor;
  /** Its next-token logits, `"N V"`, where they fit; where not, its head runs again. */
  readonly policy?: Tensor;
}

/** Packs pairs with what their teacher makes of the states. `releaseBatch` releases all of it. */
export function packTaughtPairs(gpu: Gpu, pairs: readonly LabelledPair[], teacher: LanguageModel): TaughtPairs {
  const { actionCount, config } = teacher;
  const keepsPolicy = responseTokensOfPairs(pairs) <= mostStates(gpu, actionCount);
  const widths = keepsPolicy ? [config.hiddenSize, actionCount] : [config.hiddenSize];
  const [features, policy] = statesOfPairs(gpu, config, pairs, widths, (tape, some) => {
    const batch = packPairs(gpu, some, teacher.layout);
    const hidden = hiddenOf(tape, teacher, batch);
    releaseBatch(gpu, batch);
    return keepsPolicy ? [hidden, teacher.logits(tape, hidden)] : [hidden];
  });
  return { ...packPairs(gpu, pairs, teacher.layout), features, ...(keepsPolicy && { policy }) };
}

/**
 * The Bradley-Terry logits of the reward r_b of an action-value critic, b = the teacher, whose last hidden states the critic sees and no
 * others → `"P"`: with neither the student's probabilities nor its states in them, they stand still while the student moves.
 */
export function criticLogits(
  tape: Tape,
  { critic, teacher: model }: { readonly critic: Critic; readonly teacher: LanguageModel },
  batch: TaughtPairs,
  settings: { readonly gamma: number },
): Variable {
  const { features, policy, actions } = batch;
  const seen = { model, hidden: tape.constant(features), logits: policy && tape.constant(policy) };
  const { advantages } = new BatchStates(tape, { teacher: seen }).each({ actions }, (tape, { teacher }, rows) => ({
    advantages: advantagesOf(tape, critic.values(tape, teacher.hidden), teacher, rows),
  }));
  return advantageLogits(tape, advantages, batch, settings);
}

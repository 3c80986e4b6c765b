import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { statesOf } from "../states.ts";
import { releaseBatch } from "../trajectory_batch.ts";
import { advantageLogits } from "./bradley_terry.ts";
import { type LabelledPair, packPairs, type PairBatch } from "./pair_batch.ts";
import { statesOfPairs } from "./pair_states.ts";

/** Pairs with the teacher's states, which stand still while critic and student learn. */
export interface TaughtPairs extends PairBatch {
  /** The teacher's last hidden states, `"N C"` */
  readonly features: Tensor;
  /** Its next-token logits, `"N V"` */
  readonly policy: Tensor;
}

/** Packs pairs with what their teacher makes of the states. `releaseBatch` releases all of it. */
export function packTaughtPairs(gpu: Gpu, pairs: readonly LabelledPair[], teacher: LanguageModel): TaughtPairs {
  const widths = [teacher.config.hiddenSize, teacher.actionCount];
  const [features, policy] = statesOfPairs(gpu, pairs, widths, (tape, some) => {
    const batch = packPairs(gpu, some, teacher.layout);
    const { hidden, logits } = statesOf(tape, teacher, batch);
    releaseBatch(gpu, batch);
    return [hidden, logits];
  });
  return { ...packPairs(gpu, pairs, teacher.layout), features, policy };
}

/**
 * The Bradley-Terry logits of the reward r_b of an action-value critic, b = the teacher, whose last hidden states the critic sees and no
 * others → `"P"`: with neither the student's probabilities nor its states in them, they stand still while the student moves.
 */
export function criticLogits(
  tape: Tape,
  critic: Critic,
  batch: TaughtPairs,
  settings: { readonly gamma: number },
): Variable {
  const values = critic.values(tape, tape.constant(batch.features));
  return advantageLogits(tape, values, { logits: tape.constant(batch.policy) }, batch, settings);
}

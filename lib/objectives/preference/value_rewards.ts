import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { statesOf } from "../states.ts";
import { advantageLogits } from "./bradley_terry.ts";
import { type LabelledPair, packPairs, type PairBatch } from "./pair_batch.ts";

/** Pairs with the teacher's states, which stand still while critic and student learn. */
export interface TaughtPairs extends PairBatch {
  /** The teacher's last hidden states, `"N C"` */
  readonly features: Tensor;
  /** Its next-token logits, `"N V"` */
  readonly policy: Tensor;
}

/** Packs pairs with what their teacher makes of the states. `releaseBatch` releases all of it. */
export function packTaughtPairs(gpu: Gpu, pairs: readonly LabelledPair[], teacher: LanguageModel): TaughtPairs {
  const batch = packPairs(gpu, pairs, teacher.layout);
  using tape = new Tape(gpu);
  const { hidden, logits } = statesOf(tape, teacher, batch);
  return { ...batch, features: tape.keep(hidden), policy: tape.keep(logits) };
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

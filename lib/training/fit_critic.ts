import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { linearCombination } from "#lib/objectives/linear_combination.ts";
import { AdamW } from "./adam_w.ts";
import { updateStep } from "./update_step.ts";

export interface CriticFit {
  readonly steps: number;
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  /** Called after each step, counted from 1. */
  readonly onStep?: (step: number) => Promise<void>;
}

/**
 * Ascends one critic on a moment of two policies that stand still: the moment approaches its supremum over the critics of this form,
 * the moment-matching distance of AMMD (Jia 2024, Propositions 1 and 2).
 *
 * @param critic the one whose parameters learn
 * @param moment writes the moment of the critic's values on the tape → `"1"`
 */
export async function fitCritic(
  gpu: Gpu,
  critic: { readonly store: ParameterStore },
  moment: (tape: Tape) => Variable,
  { steps, learningRate, betas, onStep }: CriticFit,
): Promise<void> {
  // A critic's size is held by its bound, not by decay.
  using optimizer = new AdamW(gpu, critic.store, { betas: [betas[0], betas[1]], eps: 1e-8, weightDecay: 0 });
  for (let step = 1; step <= steps; step++) {
    const { grad_norm } = await updateStep(gpu, [{ optimizer, learningRate }], [(tape) => {
      const loss = linearCombination(tape, [{ weight: -1, value: moment(tape) }]);
      return { loss, measures: {} };
    }]);
    gpu.release(grad_norm);
    await onStep?.(step);
  }
}

import { accumulate } from "#kernels/accumulate/accumulate.ts";
import { clipScale, globalNorm } from "#kernels/global_norm/global_norm.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { ObjectiveValue } from "#lib/objectives/objective.ts";
import type { AdamW } from "./adam_w.ts";
import type { TrainingMemory } from "./training_memory.ts";

/** One store's optimizer and how far it moves in this step. */
export interface Update {
  readonly optimizer: AdamW;
  readonly learningRate: number;
  /** The gradient of the store is scaled down to this global norm; without it, it is taken as it is. */
  readonly maxGradNorm?: number;
}

/** A term of an objective, as it is written on a tape. */
export type ObjectiveTerm = (tape: Tape) => ObjectiveValue;

/**
 * One update: writes each term of an objective on a tape that learns the stores of `updates`, runs it backward before the next, and steps
 * their optimizers. Nothing is read back; the GPU is awaited only to keep the CPU from running far ahead.
 *
 * @param terms the objective is their sum, as of the micro-batches of a step; their measures add up as well
 * @returns the objective's measures, one number each on the GPU, and `grad_norm` before clipping; the caller releases them
 */
export async function updateStep(
  gpu: Gpu,
  updates: readonly Update[],
  terms: readonly ObjectiveTerm[],
  { recompute }: Pick<TrainingMemory, "recompute"> = {},
): Promise<Record<string, Tensor>> {
  const measures: Record<string, Tensor> = {};
  const learning = updates.map(({ optimizer }) => optimizer.store);
  for (const store of learning) store.zeroGradients();
  for (const term of terms) {
    using tape = new Tape(gpu, { learning, recompute });
    const value = term(tape);
    tape.backward(value.loss);
    for (const [name, variable] of Object.entries(value.measures)) {
      if (measures[name]) accumulate(gpu, measures[name], variable.value);
      else measures[name] = tape.keep(variable);
    }
  }
  for (const [i, { optimizer, learningRate, maxGradNorm }] of updates.entries()) {
    const norm = globalNorm(gpu, optimizer.store.gradients);
    const scale = maxGradNorm === undefined ? undefined : clipScale(gpu, norm, maxGradNorm);
    optimizer.step(learningRate, scale);
    if (scale) gpu.release(scale);
    if (i === 0) measures.grad_norm = norm;
    else gpu.release(norm);
  }
  await gpu.throttle();
  return measures;
}

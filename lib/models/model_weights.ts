import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { NarrowForm } from "#kernels/widen/narrow.ts";
import { NarrowStore } from "#lib/nn/narrow_store.ts";
import { type ParameterSpec, ParameterStore } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";

/** How a model is made, beside its configuration. */
export interface ModelOptions {
  /** The ids to choose among, if not all V: those below. */
  readonly actionCount?: number;
  /** Fewer bits for the matrices of a model that does not learn; default f32. */
  readonly form?: NarrowForm;
}

/** The parameters of a model. @param normalSource draws from N(0, 1) for their initial values, which are 0 without it */
export function weightsOf(
  gpu: Gpu,
  specs: readonly ParameterSpec[],
  { form }: ModelOptions,
  normalSource?: () => number,
): Weights {
  return form ? new NarrowStore(gpu, specs, form, normalSource) : new ParameterStore(gpu, specs, normalSource);
}

/** What a model learns by. @throws {RangeError} if its weights are in too few bits to learn */
export function learnedOf(weights: Weights): ParameterStore {
  if (weights instanceof ParameterStore) return weights;
  throw new RangeError("Cannot train a model whose weights are kept in fewer bits: it only reads them");
}

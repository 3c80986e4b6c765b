import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { NarrowForm } from "#kernels/widen/narrow.ts";
import { LoraWeights } from "#lib/nn/lora_weights.ts";
import { NarrowStore } from "#lib/nn/narrow_store.ts";
import { type ParameterSpec, ParameterStore } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { type LoraOptions, loraPlaces } from "./lora.ts";

/** How a model is made, beside its configuration. */
export interface ModelOptions {
  /** The ids to choose among, if not all V: those below. */
  readonly actionCount?: number;
  /** Fewer bits for the matrices of a model that does not learn, or by low-rank changes alone; default f32. */
  readonly form?: NarrowForm;
  /** The changes by which it learns, its weights standing still. */
  readonly lora?: LoraOptions;
}

/** What a model's parameters are, and where checkpoints have them. */
export interface ParameterPlan {
  readonly specs: readonly ParameterSpec[];
  readonly tensors: readonly CheckpointTensor[];
  /** Whether its linear layers are inputs by outputs. */
  readonly isTransposed: boolean;
}

/**
 * The parameters of a model.
 *
 * @param normalSource draws from N(0, 1) for their initial values, which are 0 without it
 * @throws {InputError} if the model has no layer that `lora` names
 */
export function weightsOf(
  gpu: Gpu,
  { specs, tensors, isTransposed }: ParameterPlan,
  { form, lora }: ModelOptions,
  normalSource?: () => number,
): Weights {
  const places = lora && loraPlaces(tensors, specs, lora.targets, isTransposed);
  const weights = form ? new NarrowStore(gpu, specs, form, normalSource) : new ParameterStore(gpu, specs, normalSource);
  return lora ? new LoraWeights(gpu, weights, places!, lora, lora.normalSource) : weights;
}

/** What a model learns by. @throws {RangeError} if its weights are in too few bits to learn */
export function learnedOf(weights: Weights): ParameterStore {
  if (weights instanceof LoraWeights) return weights.adapters;
  if (weights instanceof ParameterStore) return weights;
  throw new RangeError("Cannot train a model whose weights are kept in fewer bits: it only reads them");
}

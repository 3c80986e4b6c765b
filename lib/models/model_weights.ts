import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { NarrowForm } from "#kernels/widen/narrow.ts";
import { LoraWeights } from "#lib/nn/lora_weights.ts";
import { NarrowStore } from "#lib/nn/narrow_store.ts";
import { ParameterStore } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
import type { LanguageModel } from "./language_model.ts";
import { type LoraOptions, loraPlaces } from "./lora.ts";
import type { ParameterPlan } from "./parameter_plan.ts";

/** How a model is made, beside its configuration. */
export interface ModelOptions {
  /** The ids to choose among, if not all V: those below. */
  readonly actionCount?: number;
  /** Fewer bits for the matrices of a model that does not learn, or by low-rank changes alone; default f32. */
  readonly form?: NarrowForm;
  /** The changes by which it learns, its weights standing still. */
  readonly lora?: LoraOptions;
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
  const whole = () =>
    form ? new NarrowStore(gpu, specs, form, normalSource) : new ParameterStore(gpu, specs, normalSource);
  if (!lora) return whole();
  const places = loraPlaces(tensors, specs, lora.targets, isTransposed);
  return new LoraWeights(gpu, { base: lora.base ?? whole(), isShared: lora.base !== undefined }, places, lora);
}

/** How a copy of a model is made: it has parameters of its own for all that learns, and shares what stands still. */
export function copyOptionsOf({ weights, actionCount }: Pick<LanguageModel, "weights" | "actionCount">): ModelOptions {
  if (!(weights instanceof LoraWeights)) return { actionCount };
  const { factors, places, base } = weights;
  return { actionCount, lora: { ...factors, targets: places.map(({ layer }) => layer), base } };
}

/** What a model learns by. @throws {RangeError} if its weights are in too few bits to learn */
export function learnedOf(weights: Weights): ParameterStore {
  if (weights instanceof LoraWeights) return weights.adapters;
  if (weights instanceof ParameterStore) return weights;
  throw new RangeError("Cannot train a model whose weights are kept in fewer bits: it only reads them");
}

import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import type { ModelConfig } from "./model_config.ts";
import { t5CheckpointTensors, t5ParameterSpecs } from "./t5.ts";

/** What a model's parameters are, and where checkpoints have them. */
export interface ParameterPlan {
  readonly specs: readonly ParameterSpec[];
  readonly tensors: readonly CheckpointTensor[];
  /** Whether its linear layers are inputs by outputs. */
  readonly isTransposed: boolean;
}

/** The plan of a configuration, without making anything. */
export function parameterPlanOf(config: ModelConfig): ParameterPlan {
  if ("startId" in config) {
    return { specs: t5ParameterSpecs(config), tensors: t5CheckpointTensors(config), isTransposed: false };
  }
  const { parameterSpecs, checkpointTensors, isTransposed = false } = DECODER_FAMILIES[config.family];
  return { specs: parameterSpecs(config), tensors: checkpointTensors(config), isTransposed };
}

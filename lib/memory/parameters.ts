import type { ModelConfig } from "#lib/models/model_config.ts";
import { parameterPlanOf } from "#lib/models/parameter_plan.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";

/** A model's parameters. */
export function parametersOf(config: ModelConfig): readonly ParameterSpec[] {
  return parameterPlanOf(config).specs;
}

/** How many numbers a model learns. */
export function parameterCount(config: ModelConfig): number {
  return sum(parametersOf(config).map(({ shape }) => product(shape)));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

/** What parts or tensors take together. */
export function bytesTogether(parts: readonly { readonly bytes: number }[]): number {
  return sum(parts.map(({ bytes }) => bytes));
}

import { DECODER_FAMILIES } from "#lib/models/decoder_families.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { t5ParameterSpecs } from "#lib/models/t5.ts";

/** Names and shapes of a model's parameters. */
export function parametersOf(
  config: ModelConfig,
): readonly { readonly name: string; readonly shape: readonly number[] }[] {
  return "startId" in config ? t5ParameterSpecs(config) : DECODER_FAMILIES[config.family].parameterSpecs(config);
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

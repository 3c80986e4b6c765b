import { InputError } from "#lib/errors.ts";
import { LoraWeights } from "#lib/nn/lora_weights.ts";
import type { LanguageModel } from "./language_model.ts";
import type { LoraOptions } from "./lora.ts";
import { type LoraAdapter, modulesByWeight } from "./lora_adapter.ts";
import type { ModelConfig } from "./model_config.ts";
import { serializeSafeTensors } from "./safetensors.ts";

/** What PEFT puts before the base model's names. */
const WRAPPER = "base_model.model.";

/**
 * The low-rank changes of an adapter, for a model that learns on from them. Their values are `readAdapterInto`'s.
 *
 * @throws {InputError} if they differ in rank or scale by layer, or change what the model has not
 */
export function loraOf(adapter: LoraAdapter, config: ModelConfig): LoraOptions {
  const modules = [...modulesByWeight(adapter, config)];
  const [[, { rank, scale }]] = modules;
  if (modules.some(([, module]) => module.rank !== rank || module.scale !== scale)) {
    throw new InputError(
      `${adapter.path}: its ranks differ by layer; such an adapter can be merged, but not trained on`,
    );
  }
  return { rank, scale, targets: modules.map(([name]) => layerOf(name)) };
}

/** Puts an adapter's A and B into a model that was made with its `loraOf`. */
export function readAdapterInto(model: LanguageModel, adapter: LoraAdapter): void {
  const weights = loraWeightsOf(model);
  const byLayer = new Map([...modulesByWeight(adapter, model.config)].map(([name, each]) => [layerOf(name), each]));
  for (const [name, values] of weights.factorsOf(byLayer)) weights.adapters.writeRows(name, 0, values);
}

/**
 * Writes what a model has learned as PEFT's folder of an adapter, which `readModel` and `PeftModel.from_pretrained` read.
 *
 * @param baseName the base model, as ORG/NAME or as a path
 */
export async function writeAdapter(model: LanguageModel, folder: string, baseName: string): Promise<void> {
  const weights = loraWeightsOf(model);
  const { rank, scale } = weights.factors;
  const tensors = new Map(
    [...weights.valuesByLayer(await weights.adapters.read())].flatMap(([layer, { a, b }]) => [
      [`${WRAPPER}${layer}.lora_A.weight`, { shape: [rank, a.length / rank], data: a }] as const,
      [`${WRAPPER}${layer}.lora_B.weight`, { shape: [b.length / rank, rank], data: b }] as const,
    ]),
  );
  const config = {
    ...{ peft_type: "LORA", task_type: "startId" in model.config ? "SEQ_2_SEQ_LM" : "CAUSAL_LM" },
    ...{ base_model_name_or_path: baseName, r: rank, lora_alpha: scale * rank, lora_dropout: 0, bias: "none" },
    target_modules: [...new Set(weights.places.map(({ layer }) => layer.split(".").at(-1)!))].sort(),
    ...{ fan_in_fan_out: weights.places.some(({ isTransposed }) => isTransposed), inference_mode: true },
  };
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/adapter_config.json`, `${JSON.stringify(config, null, 2)}\n`);
  await Deno.writeFile(`${folder}/adapter_model.safetensors`, serializeSafeTensors(tensors, { format: "pt" }));
}

export function isLora({ weights }: Pick<LanguageModel, "weights">): boolean {
  return weights instanceof LoraWeights;
}

/** @throws {RangeError} if the model does not learn by low-rank changes */
export function loraWeightsOf({ weights }: LanguageModel): LoraWeights {
  if (weights instanceof LoraWeights) return weights;
  throw new RangeError("Cannot find an adapter: the model was not made with low-rank changes");
}

function layerOf(weight: string): string {
  return weight.replace(/\.weight$/, "");
}

import { InputError } from "#lib/errors.ts";
import type { LoraFactors, LoraPlace } from "#lib/nn/lora_weights.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";

/** Which layers of a model get a change of low rank, and of what form. */
export interface LoraOptions extends LoraFactors {
  /** Last parts of the layers' names in checkpoints, as in `q_proj`; `all-linear` is every linear layer but the head. */
  readonly targets: readonly string[];
  /** The weights that stand still, of another model, which releases them; default the model's own. */
  readonly base?: Weights;
}

/** The layers that the anchors' protocols adapt, those of PEFT's defaults, by family. */
export const DEFAULT_TARGETS: Readonly<Record<string, readonly string[]>> = {
  gpt2: ["c_attn"],
  t5: ["q", "v"],
};
const OTHER_TARGETS: readonly string[] = ["q_proj", "v_proj"];

export function defaultTargets(family: string): readonly string[] {
  return DEFAULT_TARGETS[family] ?? OTHER_TARGETS;
}

/** Matrices that are no linear layer: tables that are read by rows. */
const NO_LAYER = /(^|\.)(relative_attention_bias|wpe|embed_positions)$/;
const ALL = "all-linear";

/**
 * The layers of a model that targets name.
 *
 * @throws {InputError} if a target is none of them
 */
export function loraPlaces(
  tensors: readonly CheckpointTensor[],
  specs: readonly ParameterSpec[],
  targets: readonly string[],
  isTransposed: boolean,
): LoraPlace[] {
  const tables = new Set(specs.filter(({ isTable }) => isTable).map(({ name }) => name));
  const layers = tensors
    .filter(({ shape, parameter }) => shape.length === 2 && !tables.has(parameter))
    .map(({ name, parameter, firstRow, shape }): LoraPlace => ({
      layer: name.replace(/\.weight$/, ""),
      ...{ parameter, firstRow, shape, isTransposed },
    }))
    .filter(({ layer }) => !NO_LAYER.test(layer));
  const names = (target: string, layer: string) => target === ALL || layer === target || layer.endsWith(`.${target}`);
  for (const target of targets) {
    if (layers.some(({ layer }) => names(target, layer))) continue;
    const known = [...new Set(layers.map(({ layer }) => layer.split(".").at(-1)!))].sort();
    throw new InputError(`LoRA target ${target}: the model has no such layer; it has ${known.join(", ")}, or ${ALL}`);
  }
  return layers.filter(({ layer }) => targets.some((target) => names(target, layer)));
}

import type { Gpu } from "#kernels/runtime/gpu.ts";
import { globalNorm } from "#kernels/global_norm/global_norm.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { type LoraAdapter, modulesByWeight } from "#lib/models/lora_adapter.ts";
import { loraWeightsOf } from "#lib/models/lora_folder.ts";
import type { LoraValues } from "#lib/nn/lora_weights.ts";
import type { Trained } from "./checkpoint_step.ts";

/** A and B of an adapter, under the names of its file: what was trained of a model that has them beside its weights. */
export function adapterWeights(gpu: Gpu, model: LanguageModel, adapter: LoraAdapter): Trained {
  const weights = loraWeightsOf(model);
  const { adapters: store } = weights;
  /** What the adapter's file calls each layer. */
  const names = [...modulesByWeight(adapter, model.config)]
    .map(([weight, { name }]) => ({ layer: weight.replace(/\.weight$/, ""), name }));
  const byName = (ofFactors: ReadonlyMap<string, Float32Array>) => {
    const byLayer = weights.valuesByLayer(ofFactors);
    return new Map(names.flatMap(({ layer, name }) => {
      const { a, b } = byLayer.get(layer)!;
      return [[`${name}.lora_A.weight`, a], [`${name}.lora_B.weight`, b]] as [string, Float32Array][];
    }));
  };
  return {
    names: names.flatMap(({ name }) => [`${name}.lora_A.weight`, `${name}.lora_B.weight`]),
    store,
    async gradients() {
      const norm = globalNorm(gpu, store.gradients);
      const [value] = await gpu.read(norm);
      gpu.release(norm);
      return { norm: value, byName: byName(await store.readGradients()) };
    },
    write(valuesOf) {
      const byLayer = new Map<string, LoraValues>(
        names.map(({ layer, name }) => [
          layer,
          { a: valuesOf(`${name}.lora_A.weight`), b: valuesOf(`${name}.lora_B.weight`) },
        ]),
      );
      for (const [name, values] of weights.factorsOf(byLayer)) store.writeGradientRows(name, 0, values);
    },
    values: async () => byName(await store.read()),
  };
}

import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { type LoraAdapter, type LoraModule, modulesByWeight } from "#lib/models/lora_adapter.ts";
import { ParameterStore } from "#lib/nn/parameter_store.ts";
import { allWeights, type Trained } from "./checkpoint_step.ts";

/** A and B of an adapter, under the names of its file: what was trained where the model is an adapter's base with it merged in. */
export function adapterWeights(gpu: Gpu, model: LanguageModel, adapter: LoraAdapter): Trained & Disposable {
  const modules = modulesByWeight(adapter, model.config);
  const parts = [...modules.values()].flatMap(({ name, rank, inputs, outputs, a, b }) => [
    { name: `${name}.lora_A.weight`, shape: [rank, inputs], values: a },
    { name: `${name}.lora_B.weight`, shape: [outputs, rank], values: b },
  ]);
  const store = new ParameterStore(
    gpu,
    parts.map(({ name, shape, values }) => ({
      ...{ name, shape, decayed: true, initial: () => values },
    })),
    () => 0,
  );
  return {
    names: parts.map(({ name }) => name),
    store,
    async gradients() {
      const { byName: ofWeights } = await allWeights(gpu, model).gradients();
      const byName = new Map(
        [...modules].flatMap(([weight, module]) =>
          gradientsOf(module, ofWeights.get(weight)!, adapter.config.isTransposed)
        ),
      );
      const norm = Math.hypot(...[...byName.values()].flatMap((values) => [...values]));
      return { norm, byName };
    },
    write(valuesOf) {
      for (const name of store.parameters.keys()) store.writeGradientRows(name, 0, valuesOf(name));
    },
    values: () => store.read(),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/** Of W + scale · B A by the gradient G of W: scale · Bᵀ G of A, scale · G Aᵀ of B. */
function gradientsOf(
  { name, rank, inputs, outputs, a, b, scale }: LoraModule,
  gradient: Float32Array,
  isTransposed: boolean,
): [name: string, values: Float32Array][] {
  const [ofA, ofB] = [new Float64Array(a.length), new Float64Array(b.length)];
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const g = scale * gradient[isTransposed ? i * outputs + o : o * inputs + i];
      for (let k = 0; k < rank; k++) {
        ofA[k * inputs + i] += b[o * rank + k] * g;
        ofB[o * rank + k] += g * a[k * inputs + i];
      }
    }
  }
  return [[`${name}.lora_A.weight`, Float32Array.from(ofA)], [`${name}.lora_B.weight`, Float32Array.from(ofB)]];
}

import { gelu } from "#kernels/elementwise/gelu/gelu.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { normal, type ParameterSpec, ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { outputHead } from "#lib/nn/row_blocks.ts";

export interface CriticConfig {
  /** Size of the state features, F. */
  readonly featureSize: number;
  /** V: one value for every action. */
  readonly vocabSize: number;
  /** A linear map, or one with a GELU layer of the features' size in front. */
  readonly head: "linear" | "mlp";
  /** With tanh |f| ≤ 1, so that the supremum of the moments is finite. */
  readonly bound: "tanh" | "none";
}

/** A Q-value network f_φ(s, ·): state features `"N F"` → a value for every action, `"N V"`. It starts as f = 0. */
export class Critic implements Disposable {
  readonly config: CriticConfig;
  readonly store: ParameterStore;

  constructor(gpu: Gpu, config: CriticConfig, normalSource: () => number) {
    this.config = config;
    const { featureSize, vocabSize, head } = config;
    const hidden = layerSpecs("hidden", featureSize, featureSize, normal(1 / Math.sqrt(featureSize)));
    const values = layerSpecs("values", vocabSize, featureSize, zeros);
    this.store = new ParameterStore(gpu, head === "mlp" ? [...hidden, ...values] : values, normalSource);
  }

  values(tape: Tape, features: Variable): Variable {
    const { featureSize, head, bound } = this.config;
    if (features.value.shape[1] !== featureSize) {
      throw new RangeError(`Cannot run the critic: features are [${features.value.shape}], but F is ${featureSize}`);
    }
    const x = head === "mlp"
      ? tape.apply(gelu, { x: this.#layer(tape, "hidden", features) }, { approximation: "tanh" })
      : features;
    const values = this.#layer(tape, "values", x);
    return bound === "tanh" ? tape.apply(tanh, { x: values }, {}) : values;
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  #layer(tape: Tape, name: string, x: Variable): Variable {
    return outputHead(tape, this.store.blocks(`${name}.weight`), x, this.store.get(`${name}.bias`));
  }
}

function layerSpecs(name: string, outputs: number, inputs: number, initial: ParameterSpec["initial"]): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], decayed: true, initial, isTable: true },
    { name: `${name}.bias`, shape: [outputs], decayed: false, initial: zeros },
  ];
}

import { gelu } from "#kernels/elementwise/gelu/gelu.ts";
import { linear } from "#kernels/linear/linear.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { normal, type ParameterSpec, ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { outputHead } from "#lib/nn/row_blocks.ts";
import type { LanguageModel } from "./language_model.ts";

export const CRITIC_HEADS = ["linear", "mlp", "tied"] as const;

/** What a tied head is tied to. */
export type TiedTo = Pick<LanguageModel, "logits" | "config">;

export interface CriticConfig {
  /** Size of the state features, F. */
  readonly featureSize: number;
  /** V: one value for every action. */
  readonly vocabSize: number;
  /**
   * A linear map, or one with a GELU layer of the features' size in front: V F numbers. `tied`: the output head of a model that stands still
   * reads a linear map of the features, W A φ: C F numbers, whatever V is.
   */
  readonly head: typeof CRITIC_HEADS[number];
  /** With tanh |f| ≤ 1, so that the supremum of the moments is finite. */
  readonly bound: "tanh" | "none";
}

/** A Q-value network f_φ(s, ·): state features `"N F"` → a value for every action, `"N V"`. It starts as f = 0. */
export class Critic implements Disposable {
  readonly config: CriticConfig;
  readonly store: ParameterStore;
  readonly #tiedTo: TiedTo | undefined;

  /** @param tiedTo of a tied head, the model, which does not learn where the critic does */
  constructor(gpu: Gpu, config: CriticConfig, normalSource: () => number, tiedTo?: TiedTo) {
    this.config = config;
    this.#tiedTo = tiedTo;
    this.store = new ParameterStore(gpu, criticSpecs(config, tiedTo), normalSource);
  }

  values(tape: Tape, features: Variable): Variable {
    const { featureSize, bound } = this.config;
    if (features.value.shape[1] !== featureSize) {
      throw new RangeError(`Cannot run the critic: features are [${features.value.shape}], but F is ${featureSize}`);
    }
    const values = this.#unbounded(tape, features);
    return bound === "tanh" ? tape.apply(tanh, { x: values }, {}) : values;
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  #unbounded(tape: Tape, features: Variable): Variable {
    switch (this.config.head) {
      case "linear":
        return this.#layer(tape, "values", features);
      case "mlp": {
        const hidden = this.#layer(tape, "hidden", features);
        return this.#layer(tape, "values", tape.apply(gelu, { x: hidden }, { approximation: "tanh" }));
      }
      case "tied": {
        const weight = tape.parameter(this.store.get("map.weight"));
        return this.#tiedTo!.logits(tape, tape.apply(linear, { x: features, weight }, {}));
      }
    }
  }

  #layer(tape: Tape, name: string, x: Variable): Variable {
    return outputHead(tape, this.store.blocks(`${name}.weight`), x, this.store.get(`${name}.bias`));
  }
}

/** A critic's parameters. @throws {RangeError} if a tied head is tied to nothing */
export function criticSpecs(
  { featureSize, vocabSize, head }: Omit<CriticConfig, "bound">,
  tiedTo: { readonly config: Pick<TiedTo["config"], "hiddenSize"> } | undefined,
): ParameterSpec[] {
  if (head === "tied") {
    if (!tiedTo) throw new RangeError("Cannot make a critic with a tied head: it is tied to no model");
    return [{ name: "map.weight", shape: [tiedTo.config.hiddenSize, featureSize], decayed: true, initial: zeros }];
  }
  const hidden = layerSpecs("hidden", featureSize, featureSize, normal(1 / Math.sqrt(featureSize)));
  const values = layerSpecs("values", vocabSize, featureSize, zeros);
  return head === "mlp" ? [...hidden, ...values] : values;
}

function layerSpecs(name: string, outputs: number, inputs: number, initial: ParameterSpec["initial"]): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], decayed: true, initial, isTable: true },
    { name: `${name}.bias`, shape: [outputs], decayed: false, initial: zeros },
  ];
}

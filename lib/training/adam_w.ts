import { adamW } from "#kernels/adamw/adamw.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { type PartState, type Resumable, type SavedPart, writeSaved } from "./resumable.ts";

export interface AdamWHyperparameters {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  /** Whether biases and norms are decayed too; by default only matrices are. */
  readonly decayAll?: boolean;
}

/**
 * AdamW (Loshchilov & Hutter 2019) over the flat buffers of one store: one dispatch each. Its state is that of the learning: the
 * parameters, their moments and the steps done.
 */
export class AdamW implements Resumable<number>, Disposable {
  readonly store: ParameterStore;
  readonly #gpu: Gpu;
  readonly #hyperparameters: AdamWHyperparameters;
  readonly #moments: readonly { readonly first: Tensor; readonly second: Tensor }[];
  #steps = 0;

  constructor(gpu: Gpu, store: ParameterStore, hyperparameters: AdamWHyperparameters) {
    this.store = store;
    this.#gpu = gpu;
    this.#hyperparameters = hyperparameters;
    this.#moments = store.segments.map(({ values }) => {
      const [first, second] = [gpu.allocateLasting(values.shape), gpu.allocateLasting(values.shape)];
      gpu.clear(first);
      gpu.clear(second);
      return { first, second };
    });
  }

  /** One update from the store's gradients, multiplied by `gradScale` (`"1"`), the clip factor. */
  step(learningRate: number, gradScale?: Tensor): void {
    this.#steps++;
    const { betas: [beta1, beta2], eps, weightDecay, decayAll } = this.#hyperparameters;
    this.store.segments.forEach(({ values, decayedCount }, i) => {
      const state = {
        parameters: values,
        gradients: this.store.gradients[i],
        firstMoment: this.#moments[i].first,
        secondMoment: this.#moments[i].second,
      };
      adamW(this.#gpu, state, {
        learningRate,
        beta1,
        beta2,
        eps,
        weightDecay,
        decayedCount: decayAll ? values.shape[0] : decayedCount,
        step: this.#steps,
      }, gradScale);
    });
  }

  state(): PartState<number> {
    return { values: this.#steps, tensors: this.#tensors };
  }

  restore({ values, arrays }: SavedPart<number>): void {
    writeSaved(this.#gpu, this.#tensors, arrays);
    this.#steps = values;
  }

  [Symbol.dispose](): void {
    for (const { first, second } of this.#moments) {
      this.#gpu.release(first);
      this.#gpu.release(second);
    }
  }

  get #tensors(): Record<string, Tensor> {
    return Object.fromEntries(this.#moments.flatMap(({ first, second }, i) => [
      [`parameters ${i}`, this.store.segments[i].values],
      [`first moments ${i}`, first],
      [`second moments ${i}`, second],
    ]));
  }
}

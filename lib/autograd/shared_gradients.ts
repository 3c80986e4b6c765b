import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";

/** Gradients that several slots hold, as a sum's terms have its gradient in common: one must not change until the others have dropped it. */
export class SharedGradients {
  readonly #gpu: Gpu;
  /** How many slots hold a gradient, where these are more than one. */
  readonly #holders = new Map<Tensor["buffer"], number>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** One more slot holds a gradient. */
  share({ buffer }: Tensor): void {
    this.#holders.set(buffer, (this.#holders.get(buffer) ?? 1) + 1);
  }

  isShared({ buffer }: Tensor): boolean {
    return this.#holders.has(buffer);
  }

  /** A slot gives a gradient up; the last one releases it. */
  drop(gradient: Tensor): void {
    const holders = this.#holders.get(gradient.buffer) ?? 1;
    if (holders === 1) this.#gpu.release(gradient);
    else if (holders === 2) this.#holders.delete(gradient.buffer);
    else this.#holders.set(gradient.buffer, holders - 1);
  }

  /** A slot's own copy of a gradient, in exchange for it. */
  copyOf(gradient: Tensor): Tensor {
    const copy = this.#gpu.allocate(gradient.shape);
    this.#gpu.copy(gradient, copy);
    this.drop(gradient);
    return copy;
  }
}

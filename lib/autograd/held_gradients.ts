import { sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import type { SharedGradients } from "./shared_gradients.ts";
import type { Parameter, ParameterOwner } from "./tape.ts";

/** Where the gradient of a value gathers. */
export interface GradientSlot {
  readonly parameter?: Parameter;
  readonly owner?: ParameterOwner;
  sum?: Tensor;
}

/** What is held for the stores at most: more is handed over at once. */
const MOST_HELD_BYTES = 1 << 25;

/** Gradients of parameters on their way to their stores, which get them together, as each handover ends the compute pass. */
export class HeldGradients {
  readonly #shared: SharedGradients;
  readonly #held: GradientSlot[] = [];
  #heldBytes = 0;

  constructor(shared: SharedGradients) {
    this.#shared = shared;
  }

  /** Holds the slot of a parameter whose gradient has begun to gather. */
  add(slot: GradientSlot, { shape }: Tensor): void {
    this.#held.push(slot);
    this.#heldBytes += sizeBytes(shape);
    if (this.#heldBytes > MOST_HELD_BYTES) this.handOver();
  }

  handOver(): void {
    for (const slot of this.#held) {
      slot.owner!.addGradient(slot.parameter!, slot.sum!);
      this.#shared.drop(slot.sum!);
      slot.sum = undefined;
    }
    this.#held.length = 0;
    this.#heldBytes = 0;
  }
}

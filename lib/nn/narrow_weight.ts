import type { Shape } from "#kernels/runtime/tensor.ts";
import { type NarrowTensor, widen } from "#kernels/widen/widen.ts";
import type { MadeWeight } from "#lib/autograd/tape.ts";

/** A weight in fewer bits, which is widened where it is used. */
export class NarrowWeight implements MadeWeight {
  readonly name: string;
  readonly tensor: NarrowTensor;

  constructor(name: string, tensor: NarrowTensor) {
    this.name = name;
    this.tensor = tensor;
  }

  get shape(): Shape {
    return this.tensor.shape;
  }

  make: MadeWeight["make"] = (tape) => tape.constant(tape.adopt(widen(tape.gpu, this.tensor)));
}

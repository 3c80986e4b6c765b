import { accumulate } from "#kernels/accumulate/accumulate.ts";
import type { Named, Op } from "#kernels/op.ts";
import { axisSizes } from "#kernels/runtime/axes.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { reshape, type Shape, sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import { SharedGradients } from "./shared_gradients.ts";

/** A named tensor that a model learns. `gradient` exists while some tape learns it. */
export interface Parameter {
  readonly name: string;
  readonly value: Tensor;
  readonly gradient: Tensor;
}

/** A weight that is made where it is used, as from fewer bits or with an adapter. */
export interface MadeWeight {
  readonly name: string;
  readonly shape: Shape;
  /** Its value, which the tape owns. Every use makes it anew. */
  make(tape: Tape): Variable;
}

export type Weight = Parameter | MadeWeight;

export function shapeOf(weight: Weight): Shape {
  return "make" in weight ? weight.shape : weight.value.shape;
}

/** What owns parameters: a tape is opened with the stores that learn. */
export interface ParameterOwner {
  owns(parameter: Parameter): boolean;
  /** Adds to the gradient of a parameter of its own; the tensor stays the caller's. */
  addGradient(parameter: Parameter, gradient: Tensor): void;
}

/** A value on the tape. Views of one value share its gradient. */
export interface Variable {
  readonly value: Tensor;
  readonly requiresGrad: boolean;
}

/** Where the gradient of a value gathers. Those of parameters are handed to their store together, as that ends the compute pass. */
interface GradientSlot {
  readonly parameter?: Parameter;
  readonly owner?: ParameterOwner;
  sum?: Tensor;
}

/** What is held for the stores at most: more is handed over at once. */
const MOST_HELD_BYTES = 1 << 25;

interface TapeVariable extends Variable {
  readonly slot?: GradientSlot;
}

interface RecordedOp {
  readonly slot: GradientSlot;
  backward(dOut: Tensor): void;
  readonly outShape: Shape;
}

export interface TapeOptions {
  /** The stores that learn; default none. */
  readonly learning?: readonly ParameterOwner[];
  /** Whether backward runs the model's blocks again, instead of keeping what they made. Default false. */
  readonly recompute?: boolean;
  /** The tape whose block this one is: parameters and their gradients are its. */
  readonly partOf?: Tape;
}

/**
 * Records ops and runs them backward (reverse-mode differentiation). Who learns is a property of the tape, not of the model:
 * only parameters of `learning` stores get gradients, and ops that reach none of them record and save nothing, so a frozen
 * teacher costs its forward pass alone. The tape owns the tensors that its ops make and releases them when it is disposed:
 * `using tape = new Tape(gpu, { learning: [student.store] })`.
 */
export class Tape implements Disposable {
  readonly gpu: Gpu;
  readonly #learning: readonly ParameterOwner[];
  readonly #recomputes: boolean;
  readonly #recorded: RecordedOp[] = [];
  readonly #parameters = new Map<Parameter, TapeVariable>();
  /** Tensors to release at the end, and whether a recorded op needs them until then. */
  readonly #owned = new Map<Tensor["buffer"], { readonly tensor: Tensor; retained: boolean }>();
  readonly #whole: Tape;
  readonly #shared: SharedGradients;
  /** The parameters whose gradients are not handed over yet. */
  readonly #held: GradientSlot[] = [];
  #heldBytes = 0;
  #ranBackward = false;

  constructor(gpu: Gpu, options: TapeOptions = {}) {
    const { learning = [], recompute = false, partOf } = options;
    this.gpu = gpu;
    this.#learning = learning;
    this.#recomputes = recompute && learning.length > 0;
    this.#whole = partOf ?? this;
    this.#shared = partOf ? partOf.#shared : new SharedGradients(gpu);
  }

  /** Runs an op, after a check of its axes. */
  apply<In extends string, Attrs, Saved extends string>(
    op: Op<In, Attrs, Saved>,
    inputs: Named<NoInfer<In>, Variable>,
    attrs: Attrs,
  ): Variable {
    const variables = inputs as Named<In, TapeVariable>;
    const tensors = Object.fromEntries(
      Object.entries<TapeVariable>(variables).map(([name, { value }]) => [name, value]),
    ) as Named<In, Tensor>;
    axisSizes<string>(op.name, op.axes, tensors);
    const { out, saved } = op.forward(this.gpu, tensors, attrs);
    this.#own(out);
    const wanted = new Set(op.differentiable.filter((name) => variables[name].slot !== undefined));
    const savedTensors = Object.values<Tensor>(saved);
    if (wanted.size === 0) {
      for (const tensor of savedTensors) this.gpu.release(tensor);
      return { value: out, requiresGrad: false };
    }
    for (const tensor of savedTensors) this.#own(tensor);
    for (const tensor of [out, ...savedTensors, ...Object.values<Tensor>(tensors)]) this.#retain(tensor);
    const slot: GradientSlot = {};
    this.#recorded.push({
      slot,
      outShape: out.shape,
      backward: (dOut) => {
        const gradients = op.backward(this.gpu, dOut, { inputs: tensors, out, saved, attrs, wanted });
        for (const name of wanted) {
          const gradient = gradients[name];
          if (!gradient) throw new Error(`${op.name} gave no gradient of ${name}`);
          if (gradient.buffer === dOut.buffer) this.#shared.share(gradient);
          this.#addGradient(variables[name].slot!, gradient);
        }
      },
    });
    return { value: out, requiresGrad: true, slot } as TapeVariable;
  }

  /** A value without gradient; the caller keeps owning the tensor. */
  constant(tensor: Tensor): Variable {
    return { value: tensor, requiresGrad: false };
  }

  /** A weight: as it is made, or a parameter, which gets a gradient if its store is among those that learn. */
  parameter(parameter: Weight): Variable {
    if ("make" in parameter) return parameter.make(this);
    if (this.#whole !== this) return this.#whole.parameter(parameter);
    let variable = this.#parameters.get(parameter);
    if (!variable) {
      const owner = this.#learning.find((store) => store.owns(parameter));
      variable = { value: parameter.value, requiresGrad: owner !== undefined, slot: owner && { parameter, owner } };
      this.#parameters.set(parameter, variable);
    }
    return variable;
  }

  /** The same value, through which no gradient flows. */
  detach(variable: Variable): Variable {
    return { value: variable.value, requiresGrad: false };
  }

  /** The same elements under another shape; the gradient flows through. */
  reshape(variable: Variable, shape: Shape): Variable {
    return { ...variable, value: reshape(variable.value, shape) };
  }

  /** Hands a tensor of the tape to the caller, who releases it. */
  keep(variable: Variable): Tensor {
    if (!this.#owned.delete(variable.value.buffer)) {
      throw new RangeError(`Cannot keep [${variable.value.shape}]: this tape does not own it`);
    }
    return variable.value;
  }

  /** Hands a tensor to the tape, which releases it at the end. */
  adopt(tensor: Tensor): Tensor {
    this.#own(tensor);
    return tensor;
  }

  /** Runs a block and at once releases what it made, except its result and what backward needs. */
  scope(block: () => Variable): Variable {
    const before = new Set(this.#owned.keys());
    const result = block();
    for (const [buffer, { tensor, retained }] of this.#owned) {
      if (before.has(buffer) || retained || buffer === result.value.buffer) continue;
      this.gpu.release(tensor);
      this.#owned.delete(buffer);
    }
    return result;
  }

  /**
   * Runs a block of a model and at once releases what it made, except its result and what backward needs. On a tape that recomputes,
   * backward needs nothing that the block made, since it runs the block again (Chen et al. 2016, arXiv 1604.06174): the same gradients to
   * the bit, with the memory of one block at a time.
   *
   * @param run writes on the tape that it is given, and is called outside of scopes: what it reads of this tape must still be there
   */
  block(run: (tape: Tape) => Variable): Variable {
    if (!this.#recomputes) return this.scope(() => run(this));
    using tape = this.#part();
    const { slot, value: made } = run(tape) as TapeVariable;
    const value = tape.keep({ value: made, requiresGrad: false });
    this.#own(value);
    if (!slot) return { value, requiresGrad: false };
    const own: GradientSlot = {};
    this.#recorded.push({ slot: own, outShape: value.shape, backward: (dOut) => this.#runAgain(run, dOut) });
    return { value, requiresGrad: true, slot: own } as TapeVariable;
  }

  /**
   * Adds d loss / d parameter to the gradient of every parameter that learns. `loss` has one element. A tape runs backward once.
   */
  backward(loss: Variable): void {
    const { slot, value } = loss as TapeVariable;
    if (!slot) throw new RangeError("Cannot run backward: the loss depends on no parameter that learns");
    if (value.shape.some((size) => size !== 1)) {
      throw new RangeError(`Cannot run backward: the loss is [${value.shape}], not one number`);
    }
    if (this.#ranBackward) throw new RangeError("Cannot run backward: this tape has run it before");
    this.#ranBackward = true;
    this.#addGradient(slot, this.gpu.upload(Float32Array.of(1), value.shape));
    this.#runBackward();
  }

  [Symbol.dispose](): void {
    for (const { tensor } of this.#owned.values()) this.gpu.release(tensor);
    this.#owned.clear();
  }

  /** A tape for what is soon thrown away; gradients flow from it into this one. */
  #part(): Tape {
    return new Tape(this.gpu, { learning: this.#learning, partOf: this });
  }

  #runAgain(run: (tape: Tape) => Variable, dOut: Tensor): void {
    using tape = this.#part();
    const { slot } = run(tape) as TapeVariable;
    // Both tapes hold it now, and each drops it.
    this.#shared.share(dOut);
    tape.#addGradient(slot!, dOut);
    tape.#runBackward();
  }

  #runBackward(): void {
    for (const recorded of this.#recorded.reverse()) {
      const dOut = recorded.slot.sum;
      if (!dOut) continue;
      recorded.backward(reshape(dOut, recorded.outShape));
      this.#shared.drop(dOut);
      recorded.slot.sum = undefined;
    }
    this.#recorded.length = 0;
    this.#handOver();
  }

  #addGradient(slot: GradientSlot, gradient: Tensor): void {
    const { sum } = slot;
    if (!sum) {
      slot.sum = gradient;
      if (slot.parameter) this.#whole.#hold(slot, gradient);
    } else if (!this.#shared.isShared(sum)) {
      accumulate(this.gpu, sum, gradient);
      this.#shared.drop(gradient);
    } else {
      slot.sum = this.#shared.isShared(gradient) ? this.#shared.copyOf(gradient) : gradient;
      accumulate(this.gpu, slot.sum, sum);
      this.#shared.drop(sum);
    }
  }

  #hold(slot: GradientSlot, gradient: Tensor): void {
    this.#held.push(slot);
    this.#heldBytes += sizeBytes(gradient.shape);
    if (this.#heldBytes > MOST_HELD_BYTES) this.#handOver();
  }

  #handOver(): void {
    for (const slot of this.#held) {
      slot.owner!.addGradient(slot.parameter!, slot.sum!);
      this.#shared.drop(slot.sum!);
      slot.sum = undefined;
    }
    this.#held.length = 0;
    this.#heldBytes = 0;
  }

  #own(tensor: Tensor): void {
    this.#owned.set(tensor.buffer, { tensor, retained: false });
  }

  #retain(tensor: Tensor): void {
    const owned = this.#owned.get(tensor.buffer);
    if (owned) owned.retained = true;
  }
}

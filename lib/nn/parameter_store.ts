import { accumulate } from "#kernels/accumulate/accumulate.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, elementCount, type Shape, sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Parameter, ParameterOwner } from "#lib/autograd/tape.ts";

/** A parameter to be made. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  /** Whether AdamW's weight decay applies: to matrices, not to biases and norms. */
  readonly decayed: boolean;
  readonly initial: Initializer;
}

/** Fills a new parameter of the given element count; `normal` draws from N(0, 1). */
export type Initializer = (count: number, normal: () => number) => Float32Array<ArrayBuffer>;

export const zeros: Initializer = (count) => new Float32Array(count);
export const ones: Initializer = (count) => new Float32Array(count).fill(1);
/** N(0, standardDeviation²). */
export const normal = (standardDeviation: number): Initializer => (count, draw) =>
  Float32Array.from({ length: count }, () => standardDeviation * draw());

/** A flat buffer that holds some of a store's parameters one after the other, decayed ones first. */
export interface Segment {
  readonly values: Tensor;
  /** Elements from the start that weight decay applies to. */
  readonly decayedCount: number;
}

/** Parameters begin on this boundary, which every adapter takes as a binding offset; the padding stays zero. */
const ALIGNMENT = 64;

/**
 * All parameters of one model in few flat buffers (one, unless it would be over the device's binding limit): one AdamW
 * dispatch, one global norm, one copy. Gradients are allocated when the store first learns.
 */
export class ParameterStore implements ParameterOwner, Disposable {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly segments: readonly Segment[];
  readonly #gpu: Gpu;
  #gradients: Tensor[] | undefined;
  /** Those whose gradient has been added to since it was zeroed. */
  readonly #withGradient = new Set<Parameter>();

  /**
   * Makes the parameters with their initial values, drawn in the order of `specs`.
   *
   * @param normalSource draws from N(0, 1); without one every parameter is 0, for values that are read from a file
   */
  constructor(gpu: Gpu, specs: readonly ParameterSpec[], normalSource?: () => number) {
    this.#gpu = gpu;
    const initial = normalSource &&
      new Map(specs.map((spec) => [spec.name, spec.initial(elementCount(spec.shape), normalSource)]));
    const ordered = [...specs.filter(({ decayed }) => decayed), ...specs.filter(({ decayed }) => !decayed)];
    const groups = splitBySize(ordered, gpu.device.limits.maxStorageBufferBindingSize / BYTES_PER_ELEMENT);
    const parameters = new Map<string, Parameter>();
    this.segments = groups.map((group, index) => {
      const count = group.reduce((sum, spec) => sum + paddedCount(spec.shape), 0);
      const flat = initial && new Float32Array(count);
      const values = gpu.allocate([count]);
      let offset = 0;
      let decayedCount = 0;
      for (const { name, shape, decayed } of group) {
        flat?.set(initial!.get(name)!, offset);
        parameters.set(name, this.#view(name, shape, values, index, offset));
        offset += paddedCount(shape);
        if (decayed) decayedCount = offset;
      }
      if (flat) gpu.write(values, flat);
      else gpu.clear(values);
      return { values, decayedCount };
    });
    this.parameters = new Map(specs.map(({ name }) => [name, parameters.get(name)!]));
  }

  /** The gradients of each segment, of the same layout. */
  get gradients(): readonly Tensor[] {
    if (!this.#gradients) {
      this.#gradients = this.segments.map(({ values }) => this.#gpu.allocate(values.shape));
      this.zeroGradients();
    }
    return this.#gradients;
  }

  /** Elements, without padding. */
  get parameterCount(): number {
    return [...this.parameters.values()].reduce((sum, { value }) => sum + elementCount(value.shape), 0);
  }

  get(name: string): Parameter {
    const parameter = this.parameters.get(name);
    if (!parameter) throw new RangeError(`Cannot find parameter ${name}`);
    return parameter;
  }

  owns(parameter: Parameter): boolean {
    return this.parameters.get(parameter.name) === parameter;
  }

  zeroGradients(): void {
    for (const gradient of this.gradients) this.#gpu.clear(gradient);
    this.#withGradient.clear();
  }

  /** The first after the gradients were zeroed is a copy. @param gradient as many elements as the parameter has */
  addGradient(parameter: Parameter, gradient: Tensor): void {
    if (this.#withGradient.has(parameter)) accumulate(this.#gpu, parameter.gradient, gradient);
    else this.#gpu.copy(gradient, parameter.gradient);
    this.#withGradient.add(parameter);
  }

  /** Takes over the values of a store of the same layout. */
  copyFrom(other: ParameterStore): void {
    for (const [name, { value }] of this.parameters) {
      if (other.get(name).value.shape.join() !== value.shape.join()) {
        throw new RangeError(
          `Cannot copy parameter ${name}: its shape is [${value.shape}], not [${other.get(name).value.shape}]`,
        );
      }
    }
    const names = [...this.parameters.keys()];
    const misplaced = [...other.parameters.keys()].find((name, i) => name !== names[i]);
    if (misplaced) throw new RangeError(`Cannot copy parameter ${misplaced}: this store has none in its place`);
    this.segments.forEach(({ values }, i) => this.#gpu.copy(other.segments[i].values, values));
  }

  /** Every parameter's values on the CPU. */
  async read(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const names = [...this.parameters.keys()];
    const values = await this.#gpu.readAll(names.map((name) => this.get(name).value));
    return new Map(names.map((name, i) => [name, values[i] as Float32Array<ArrayBuffer>]));
  }

  /** Every parameter's gradient on the CPU. */
  async readGradients(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const names = [...this.parameters.keys()];
    const values = await this.#gpu.readAll(names.map((name) => this.get(name).gradient));
    return new Map(names.map((name, i) => [name, values[i] as Float32Array<ArrayBuffer>]));
  }

  [Symbol.dispose](): void {
    for (const { values } of this.segments) this.#gpu.release(values);
    for (const gradient of this.#gradients ?? []) this.#gpu.release(gradient);
    this.#gradients = undefined;
  }

  #view(name: string, shape: Shape, values: Tensor, segment: number, offset: number): Parameter {
    const place = { shape, offset: offset * BYTES_PER_ELEMENT };
    const gradientOf = () => ({ ...this.gradients[segment], ...place });
    return {
      name,
      value: { ...values, ...place },
      get gradient() {
        return gradientOf();
      },
    };
  }
}

function paddedCount(shape: Shape): number {
  return Math.ceil(elementCount(shape) / ALIGNMENT) * ALIGNMENT;
}

function splitBySize(specs: readonly ParameterSpec[], limit: number): ParameterSpec[][] {
  const groups: ParameterSpec[][] = [];
  let room = 0;
  for (const spec of specs) {
    const count = paddedCount(spec.shape);
    if (count > limit) {
      throw new RangeError(
        `Cannot make parameter ${spec.name} [${spec.shape}]: its ${
          sizeBytes(spec.shape)
        } bytes are over this device's limit of ` +
          `${limit * BYTES_PER_ELEMENT} for one binding`,
      );
    }
    if (count > room) {
      groups.push([]);
      room = limit;
    }
    groups.at(-1)!.push(spec);
    room -= count;
  }
  return groups;
}

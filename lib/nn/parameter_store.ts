import { accumulate } from "#kernels/accumulate/accumulate.ts";
import { DeviceLimitError } from "#kernels/runtime/device_errors.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, elementCount, type Shape, sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Parameter, ParameterOwner } from "#lib/autograd/tape.ts";
import { partRows } from "./row_blocks.ts";
import type { StoredWeight, Weights } from "./weights.ts";

/** A parameter to be made. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  /** Whether AdamW's weight decay applies: to matrices, not to biases and norms. */
  readonly decayed: boolean;
  readonly initial: Initializer;
  /** Whether it is read by rows alone, by `embed` and `outputHead`, so that several bindings may hold it. */
  readonly isTable?: boolean;
  /** Of a table: so many rows, from the first, end with a block, so that they can be read without the others. */
  readonly firstRows?: number;
}

/** A parameter of a store. */
interface StoredParameter extends StoredWeight {
  readonly blocks: readonly Parameter[];
}

/** Fills a new parameter of the given element count; `normal` draws from N(0, 1). */
export type Initializer = (count: number, normal: () => number) => Float32Array<ArrayBuffer>;

export const zeros: Initializer = (count) => new Float32Array(count);
export const ones: Initializer = (count) => new Float32Array(count).fill(1);
/** N(0, standardDeviation²). */
export const normal = (standardDeviation: number): Initializer => (count, draw) => {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = standardDeviation * draw();
  return values;
};

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
 * dispatch, one global norm, one copy. Gradients are allocated when the store first learns. A table over the limit lies in several
 * blocks of rows, each of which has its own gradient.
 */
export class ParameterStore implements Weights, ParameterOwner {
  readonly parameters: ReadonlyMap<string, StoredParameter>;
  readonly segments: readonly Segment[];
  readonly #gpu: Gpu;
  readonly #owned: ReadonlySet<Parameter>;
  #gradients: Tensor[] | undefined;
  /** Those whose gradient has been added to since it was zeroed. */
  readonly #withGradient = new Set<Parameter>();

  /**
   * Makes the parameters with their initial values, drawn in the order of `specs`.
   *
   * @param normalSource draws from N(0, 1); without one every parameter is 0, for values that are read from a file
   * @throws {DeviceLimitError} if one is over the device's limit
   */
  constructor(gpu: Gpu, specs: readonly ParameterSpec[], normalSource?: () => number) {
    this.#gpu = gpu;
    const groups = groupBlocks(specs, gpu.bindingLimit);
    const blocks = new Map<string, Parameter[]>(specs.map(({ name }) => [name, []]));
    this.segments = groups.map((group, index) => {
      const values = gpu.allocateLasting([group.reduce((sum, { shape }) => sum + paddedCount(shape), 0)]);
      gpu.clear(values);
      let offset = 0;
      let decayedCount = 0;
      for (const { name, shape, decayed } of group) {
        blocks.get(name)!.push(this.#view(name, shape, values, index, offset));
        offset += paddedCount(shape);
        if (decayed) decayedCount = offset;
      }
      return { values, decayedCount };
    });
    this.parameters = new Map(specs.map(({ name, shape }) => [name, { name, shape, blocks: blocks.get(name)! }]));
    this.#owned = new Set([...blocks.values()].flat());
    if (!normalSource) return;
    for (const { name, shape, initial } of specs) this.writeRows(name, 0, initial(elementCount(shape), normalSource));
  }

  /** The gradients of each segment, of the same layout. */
  get gradients(): readonly Tensor[] {
    if (!this.#gradients) {
      this.#gradients = this.segments.map(({ values }) => this.#gpu.allocateLasting(values.shape));
      this.zeroGradients();
    }
    return this.#gradients;
  }

  /** Elements, without padding. */
  get parameterCount(): number {
    return [...this.parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  }

  /** A parameter that one binding holds. @throws {RangeError} if there is none of the name, or it is a table of several blocks */
  get(name: string): Parameter {
    const blocks = this.blocks(name);
    if (blocks.length > 1) {
      throw new RangeError(`Cannot bind parameter ${name}: its rows lie in ${blocks.length} blocks`);
    }
    return blocks[0];
  }

  /** What holds a parameter: blocks of its rows, in their order. */
  blocks(name: string): readonly Parameter[] {
    return this.#stored(name).blocks;
  }

  owns(parameter: Parameter): boolean {
    return this.#owned.has(parameter);
  }

  /** Overwrites whole rows of a parameter, from `firstRow` on, whichever blocks they lie in. */
  writeRows(name: string, firstRow: number, values: Float32Array<ArrayBuffer>): void {
    this.#writeRows(name, firstRow, values, ({ value }) => value);
  }

  /** Overwrites whole rows of its gradient. */
  writeGradientRows(name: string, firstRow: number, values: Float32Array<ArrayBuffer>): void {
    this.#writeRows(name, firstRow, values, ({ gradient }) => gradient);
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
    for (const [name, { shape }] of this.parameters) {
      const theirs = other.parameters.get(name)?.shape;
      if (!theirs) throw new RangeError(`Cannot find parameter ${name}`);
      if (theirs.join() !== shape.join()) {
        throw new RangeError(`Cannot copy parameter ${name}: its shape is [${shape}], not [${theirs}]`);
      }
    }
    const names = [...this.parameters.keys()];
    const misplaced = [...other.parameters.keys()].find((name, i) => name !== names[i]);
    if (misplaced) throw new RangeError(`Cannot copy parameter ${misplaced}: this store has none in its place`);
    this.segments.forEach(({ values }, i) => this.#gpu.copy(other.segments[i].values, values));
  }

  /** Every parameter's values on the CPU. */
  async read(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return await this.#readAll(({ value }) => value);
  }

  /** Every parameter's gradient on the CPU. */
  async readGradients(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return await this.#readAll(({ gradient }) => gradient);
  }

  /** Gives the memory of the gradients back: of a model that has learned. They are 0 when they are asked for again. */
  releaseGradients(): void {
    for (const gradient of this.#gradients ?? []) this.#gpu.release(gradient);
    this.#gradients = undefined;
  }

  [Symbol.dispose](): void {
    for (const { values } of this.segments) this.#gpu.release(values);
    this.releaseGradients();
  }

  #writeRows(
    name: string,
    firstRow: number,
    values: Float32Array<ArrayBuffer>,
    of: (block: Parameter) => Tensor,
  ): void {
    const { shape, blocks } = this.#stored(name);
    const width = elementCount(shape.slice(1));
    const rows = values.length / width;
    if (!Number.isInteger(rows) || firstRow + rows > shape[0]) {
      throw new RangeError(`Cannot write ${values.length} values from row ${firstRow} of ${name} [${shape}] on`);
    }
    let start = 0;
    for (const tensor of blocks.map(of)) {
      const [from, to] = [Math.max(firstRow, start), Math.min(firstRow + rows, start + tensor.shape[0])];
      if (from < to) {
        const offset = tensor.offset + (from - start) * width * BYTES_PER_ELEMENT;
        const part = { ...tensor, shape: [to - from, ...shape.slice(1)], offset };
        this.#gpu.write(part, values.subarray((from - firstRow) * width, (to - firstRow) * width));
      }
      start += tensor.shape[0];
    }
  }

  #stored(name: string): StoredParameter {
    const parameter = this.parameters.get(name);
    if (!parameter) throw new RangeError(`Cannot find parameter ${name}`);
    return parameter;
  }

  async #readAll(of: (block: Parameter) => Tensor): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const all = [...this.parameters.values()];
    const values = await this.#gpu.readAll(all.flatMap(({ blocks }) => blocks.map(of)));
    let at = 0;
    return new Map(all.map(({ name, blocks }) => {
      const parts = values.slice(at, at += blocks.length) as Float32Array<ArrayBuffer>[];
      return [name, parts.length === 1 ? parts[0] : joined(parts)];
    }));
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

function joined(parts: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function paddedCount(shape: Shape): number {
  return Math.ceil(elementCount(shape) / ALIGNMENT) * ALIGNMENT;
}

/** What one binding holds of a parameter. */
type Block = Pick<ParameterSpec, "name" | "shape" | "decayed">;

/** The blocks of all parameters, decayed ones first, in as many groups as one binding each can hold. */
function groupBlocks(specs: readonly ParameterSpec[], limitBytes: number): Block[][] {
  const ordered = [...specs.filter(({ decayed }) => decayed), ...specs.filter(({ decayed }) => !decayed)];
  const most = Math.floor(limitBytes / (ALIGNMENT * BYTES_PER_ELEMENT)) * ALIGNMENT;
  const groups: Block[][] = [];
  let room = 0;
  for (const block of ordered.flatMap((spec) => blocksOf(spec, limitBytes))) {
    const count = paddedCount(block.shape);
    if (count > room) {
      groups.push([]);
      room = most;
    }
    groups.at(-1)!.push(block);
    room -= count;
  }
  return groups;
}

function blocksOf(spec: ParameterSpec, limitBytes: number): Block[] {
  const { name, shape, decayed, isTable, firstRows } = spec;
  if (isTable) {
    return partRows(name, shape, limitBytes, firstRows).map(({ count }) => ({
      name,
      shape: [count, ...shape.slice(1)],
      decayed,
    }));
  }
  if (paddedCount(shape) * BYTES_PER_ELEMENT > limitBytes) {
    throw new DeviceLimitError(
      `Cannot make parameter ${name} [${shape}]: its ${sizeBytes(shape)} bytes are over this device's limit of ` +
        `${limitBytes} for one binding`,
    );
  }
  return [spec];
}

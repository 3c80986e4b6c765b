import { multiply } from "#kernels/elementwise/multiply/multiply.ts";
import { scale } from "#kernels/elementwise/scale/scale.ts";
import { linearResidual } from "#kernels/linear/linear.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Shape, Tensor } from "#kernels/runtime/tensor.ts";
import { type MadeWeight, type Parameter, Tape, type Variable, type Weight } from "#lib/autograd/tape.ts";
import { normal, type ParameterSpec, ParameterStore, zeros } from "./parameter_store.ts";
import type { StoredWeight, Weights } from "./weights.ts";

/** A linear layer that gets a change of low rank: a parameter, or rows of one that does several projections in one product. */
export interface LoraPlace {
  /** Of the layer in checkpoints, as in `model.layers.0.self_attn.q_proj`. */
  readonly layer: string;
  readonly parameter: string;
  readonly firstRow: number;
  /** Of the layer's weight as the parameter has it: `"O I"`, or `"I O"` where it is transposed. */
  readonly shape: Shape;
  /** Whether the parameter is inputs by outputs, as GPT-2's are. */
  readonly isTransposed: boolean;
}

/** Weights that stand still. */
export interface LoraBase {
  readonly base: Weights;
  /** Whether somebody else releases them. */
  readonly isShared: boolean;
}

export interface LoraFactors {
  /** r */
  readonly rank: number;
  /** What B A is multiplied by: α / r, or α / √r. */
  readonly scale: number;
  /** Draws from N(0, 1) for A; B starts at 0. Without it both are 0, for values that are read. */
  readonly normalSource?: () => number;
}

/** A and B of one layer: its weight is W + scale · B A. */
export interface LoraValues {
  /** `"r I"` */
  readonly a: Float32Array<ArrayBuffer>;
  /** `"O r"` */
  readonly b: Float32Array<ArrayBuffer>;
}

/**
 * The weights of a model that learns by low-rank changes alone (LoRA, Hu et al. 2021, arXiv 2106.09685): W + scale · B A for some of its linear
 * layers, W standing still. The sum is made where the weight is used, so that any architecture can have it; `adapters` holds the factors.
 */
export class LoraWeights implements Weights {
  readonly parameters: ReadonlyMap<string, StoredWeight>;
  readonly base: Weights;
  /** The factors of each parameter: `NAME.left` `"M R"` and `NAME.right` `"N R"` for a weight `"M N"`, R = r times the layers in it. */
  readonly adapters: ParameterStore;
  readonly places: readonly LoraPlace[];
  readonly factors: LoraFactors;
  readonly #gpu: Gpu;
  readonly #isShared: boolean;
  readonly #masks: readonly Tensor[];

  constructor(gpu: Gpu, { base, isShared }: LoraBase, places: readonly LoraPlace[], factors: LoraFactors) {
    this.#gpu = gpu;
    const { rank, scale, normalSource } = factors;
    [this.base, this.#isShared, this.places, this.factors] = [base, isShared, places, { rank, scale }];
    const byParameter = Map.groupBy(places, ({ parameter }) => parameter);
    const specs = [...byParameter].flatMap(([name, layers]) =>
      factorSpecs(name, base.parameters.get(name)!.shape, layers, factors)
    );
    this.adapters = new ParameterStore(gpu, specs, normalSource);
    const changed = new Map([...byParameter].map(([name, layers]) => [name, this.#changed(name, layers)]));
    this.#masks = [...changed.values()].flatMap(({ mask }) => mask ? [mask] : []);
    this.parameters = new Map([...base.parameters].map(([name, stored]) => {
      const weight = changed.get(name);
      return [name, weight ? { ...stored, blocks: [weight] } : stored];
    }));
  }

  get parameterCount(): number {
    return this.base.parameterCount;
  }

  get(name: string): Weight {
    const { blocks: [weight, ...others] } = this.#stored(name);
    return others.length > 0 ? this.base.get(name) : weight;
  }

  blocks(name: string): readonly Weight[] {
    return this.#stored(name).blocks;
  }

  /** Of the base model. */
  writeRows(name: string, firstRow: number, values: Float32Array<ArrayBuffer>): void {
    this.base.writeRows(name, firstRow, values);
  }

  /** Every parameter with its change merged into it. */
  async read(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const values = await this.base.read();
    using tape = new Tape(this.#gpu);
    for (const name of new Set(this.places.map(({ parameter }) => parameter))) {
      values.set(name, await this.#gpu.read(tape.parameter(this.get(name)).value) as Float32Array<ArrayBuffer>);
    }
    return values;
  }

  /** A and B by layer, from values (or gradients) of `adapters`. */
  valuesByLayer(ofFactors: ReadonlyMap<string, Float32Array>): Map<string, LoraValues> {
    return new Map(
      this.#slots().map(({ layer, parameter, b, a }) => {
        const [left, right] = ["left", "right"].map((side) => ofFactors.get(`${parameter}.${side}`)!);
        const of = (slot: Slot) => takeColumns(slot.side === "left" ? left : right, slot);
        return [layer, { a: transposed(of(a), this.factors.rank), b: of(b) }];
      }),
    );
  }

  /** The factors with these A and B, as `adapters` has them: of values or of gradients. */
  factorsOf(byLayer: ReadonlyMap<string, LoraValues>): Map<string, Float32Array<ArrayBuffer>> {
    const all = new Map(
      [...this.adapters.parameters].map((
        [name, { shape: [rows, columns] }],
      ) => [name, new Float32Array(rows * columns)]),
    );
    for (const { layer, parameter, a, b } of this.#slots()) {
      const values = byLayer.get(layer);
      if (!values) continue;
      putColumns(all.get(`${parameter}.${b.side}`)!, b, values.b);
      putColumns(all.get(`${parameter}.${a.side}`)!, a, transposed(values.a, values.a.length / this.factors.rank));
    }
    return all;
  }

  [Symbol.dispose](): void {
    for (const mask of this.#masks) this.#gpu.release(mask);
    this.adapters[Symbol.dispose]();
    if (!this.#isShared) this.base[Symbol.dispose]();
  }

  #stored(name: string): StoredWeight {
    const stored = this.parameters.get(name);
    if (!stored) throw new RangeError(`Cannot find parameter ${name}`);
    return stored;
  }

  #changed(name: string, layers: readonly LoraPlace[]): ChangedWeight {
    const [rows] = this.base.parameters.get(name)!.shape;
    const factors = { left: this.adapters.get(`${name}.left`), right: this.adapters.get(`${name}.right`) };
    const mask = maskOf(layers, rows, this.factors.rank);
    return new ChangedWeight(this.base.get(name), factors, this.factors.scale, mask && this.#gpu.upload(...mask));
  }

  /** Where the numbers of A and B lie. */
  #slots() {
    const { rank } = this.factors;
    const before = new Map<string, number>();
    return this.places.map(({ layer, parameter, firstRow, shape: [rows, inner], isTransposed }) => {
      const index = before.get(parameter) ?? 0;
      before.set(parameter, index + 1);
      const columns = this.adapters.parameters.get(`${parameter}.left`)!.shape[1];
      const left = { side: "left", firstRow, rows, first: index * rank, count: rank, columns } as const;
      const right = { ...left, side: "right", firstRow: 0, rows: inner } as const;
      return isTransposed ? { layer, parameter, a: left, b: right } : { layer, parameter, a: right, b: left };
    });
  }
}

/** W + scale · (left ∘ mask) rightᵀ. */
class ChangedWeight implements MadeWeight {
  readonly mask: Tensor | undefined;
  readonly #base: Weight;
  readonly #factors: { readonly left: Parameter; readonly right: Parameter };
  readonly #scale: number;

  constructor(base: Weight, factors: { left: Parameter; right: Parameter }, scale: number, mask?: Tensor) {
    [this.#base, this.#factors, this.#scale, this.mask] = [base, factors, scale, mask];
  }

  get name(): string {
    return this.#base.name;
  }

  get shape(): Shape {
    return [this.#factors.left.value.shape[0], this.#factors.right.value.shape[0]];
  }

  make(tape: Tape): Variable {
    const { left, right } = this.#factors;
    const own = tape.parameter(left);
    const masked = this.mask ? tape.apply(multiply, { x: own, y: tape.constant(this.mask) }, {}) : own;
    const x = tape.apply(scale, { x: masked }, { factor: this.#scale });
    return tape.apply(linearResidual, { x, weight: tape.parameter(right), residual: tape.parameter(this.#base) }, {});
  }
}

/** A starts from N(0, 1 / 3I), which has the variance of PEFT's uniform start; B from 0. */
function factorSpecs(
  name: string,
  [rows, columns]: Shape,
  layers: readonly LoraPlace[],
  { rank }: LoraFactors,
): ParameterSpec[] {
  const { isTransposed } = layers[0];
  const ofA = normal(1 / Math.sqrt(3 * (isTransposed ? rows : columns)));
  const common = { decayed: true };
  return [
    { ...common, name: `${name}.left`, shape: [rows, rank * layers.length], initial: isTransposed ? ofA : zeros },
    { ...common, name: `${name}.right`, shape: [columns, rank * layers.length], initial: isTransposed ? zeros : ofA },
  ];
}

/** 1 where left may have numbers, each layer at its own rows and columns; undefined where it may everywhere. */
function maskOf(
  layers: readonly LoraPlace[],
  rows: number,
  rank: number,
): [Float32Array<ArrayBuffer>, Shape] | undefined {
  if (layers.length === 1 && layers[0].shape[0] === rows) return undefined;
  const columns = layers.length * rank;
  const mask = new Float32Array(rows * columns);
  layers.forEach(({ firstRow, shape: [count] }, i) => {
    for (let row = firstRow; row < firstRow + count; row++) {
      mask.fill(1, row * columns + i * rank, row * columns + (i + 1) * rank);
    }
  });
  return [mask, [rows, columns]];
}

/** Columns of some rows of a factor. */
interface Slot {
  readonly side: "left" | "right";
  readonly firstRow: number;
  readonly rows: number;
  readonly first: number;
  readonly count: number;
  readonly columns: number;
}

function takeColumns(matrix: Float32Array, { firstRow, rows, first, count, columns }: Slot): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: rows * count }, (_, i) => {
    return matrix[(firstRow + Math.floor(i / count)) * columns + first + i % count];
  });
}

function putColumns(matrix: Float32Array, { firstRow, first, count, columns }: Slot, values: Float32Array): void {
  values.forEach((value, i) => {
    matrix[(firstRow + Math.floor(i / count)) * columns + first + i % count] = value;
  });
}

/** Rows of so many numbers as columns. */
function transposed(matrix: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = matrix.length / columns;
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

import { narrow, type NarrowForm } from "#kernels/widen/narrow.ts";
import { type NarrowTensor, releaseNarrow } from "#kernels/widen/widen.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Weight } from "#lib/autograd/tape.ts";
import { type ParameterSpec, ParameterStore } from "./parameter_store.ts";
import { NarrowWeight } from "./narrow_weight.ts";
import { partRows } from "./row_blocks.ts";
import type { StoredWeight, Weights } from "./weights.ts";

/** Rows of a table that are widened at once, in bytes of f32. */
const WIDENED_BYTES = 1 << 26;
const BYTES_PER_WORD = 4;
const BYTES: Readonly<Record<NarrowForm, number>> = { f16: 2, bf16: 2, int8: 1 };

/**
 * The parameters of a model that does not learn: its matrices in 16 or 8 bits, biases and norms as f32. Each use of a matrix widens it into a
 * buffer that its block gives back, so that beside the weights the largest matrix is in memory. Arithmetic is that of f32: results are equal
 * to the bit to those of the rounded weights.
 */
export class NarrowStore implements Weights {
  readonly parameters: ReadonlyMap<string, StoredWeight>;
  readonly form: NarrowForm;
  readonly #gpu: Gpu;
  readonly #narrow: readonly NarrowWeight[];
  /** What stays f32. */
  readonly #wide: ParameterStore;

  /**
   * Makes the parameters with their initial values, as `ParameterStore` does.
   *
   * @throws {RangeError} if a value has no number of the form, as 1e6 has none of f16
   */
  constructor(gpu: Gpu, specs: readonly ParameterSpec[], form: NarrowForm, normalSource?: () => number) {
    this.form = form;
    this.#gpu = gpu;
    const limit = Math.min(gpu.bindingLimit, WIDENED_BYTES);
    const blocks = new Map(specs.filter(isNarrowed).map((spec) => [spec.name, blocksOf(gpu, spec, form, limit)]));
    this.#narrow = [...blocks.values()].flat();
    this.#wide = new ParameterStore(gpu, specs.filter((spec) => !isNarrowed(spec)));
    this.parameters = new Map(specs.map(({ name, shape }) => {
      const held: readonly Weight[] = blocks.get(name) ?? this.#wide.blocks(name);
      return [name, { name, shape, blocks: held }];
    }));
    if (!normalSource) return;
    for (const { name, shape, initial } of specs) this.writeRows(name, 0, initial(elementCount(shape), normalSource));
  }

  get parameterCount(): number {
    return [...this.parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  }

  get(name: string): Weight {
    const blocks = this.blocks(name);
    if (blocks.length > 1) {
      throw new RangeError(`Cannot bind parameter ${name}: its rows lie in ${blocks.length} blocks`);
    }
    return blocks[0];
  }

  blocks(name: string): readonly Weight[] {
    const parameter = this.parameters.get(name);
    if (!parameter) throw new RangeError(`Cannot find parameter ${name}`);
    return parameter.blocks;
  }

  /** @throws {RangeError} if a value has no number of the form */
  writeRows(name: string, firstRow: number, values: Float32Array<ArrayBuffer>): void {
    const blocks = this.blocks(name);
    if (!(blocks[0] instanceof NarrowWeight)) return this.#wide.writeRows(name, firstRow, values);
    const [allRows, width] = this.parameters.get(name)!.shape;
    const rows = values.length / width;
    if (!Number.isInteger(rows) || firstRow + rows > allRows) {
      throw new RangeError(
        `Cannot write ${values.length} values from row ${firstRow} of ${name} [${[allRows, width]}] on`,
      );
    }
    let start = 0;
    for (const { tensor } of blocks as readonly NarrowWeight[]) {
      const [from, to] = [Math.max(firstRow, start), Math.min(firstRow + rows, start + tensor.shape[0])];
      if (from < to) {
        this.#write(tensor, from - start, values.subarray((from - firstRow) * width, (to - firstRow) * width));
      }
      start += tensor.shape[0];
    }
  }

  async read(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const values = await this.#wide.read();
    for (const [name, { shape, blocks }] of this.parameters) {
      if (values.has(name)) continue;
      const all = new Float32Array(elementCount(shape));
      let at = 0;
      for (const block of blocks) {
        using tape = new Tape(this.#gpu);
        const part = await this.#gpu.read(tape.parameter(block).value);
        all.set(part, at);
        at += part.length;
      }
      values.set(name, all);
    }
    return values;
  }

  [Symbol.dispose](): void {
    for (const { tensor } of this.#narrow) releaseNarrow(this.#gpu, tensor);
    this.#wide[Symbol.dispose]();
  }

  #write(
    { form, shape: [, width], words, scales }: NarrowTensor,
    row: number,
    values: Float32Array<ArrayBuffer>,
  ): void {
    const { words: packed, scales: own } = narrow(values, width, form);
    const rowWords = width * BYTES[form] / BYTES_PER_WORD;
    this.#gpu.write(windowOf(words, row * rowWords, packed.length), packed);
    if (scales) this.#gpu.write(windowOf(scales, row, own!.length), own!);
  }
}

/** Matrices, whose rows are whole words in any form. */
function isNarrowed({ shape, decayed }: ParameterSpec): boolean {
  return decayed && shape.length === 2 && shape[1] % BYTES_PER_WORD === 0;
}

function blocksOf(gpu: Gpu, { name, shape, isTable, firstRows }: ParameterSpec, form: NarrowForm, limit: number) {
  const [rows, width] = shape;
  const parts = isTable ? partRows(name, shape, limit, firstRows) : [{ count: rows }];
  return parts.map(({ count }) => {
    const words = { ...gpu.allocateLasting([count * width * BYTES[form] / BYTES_PER_WORD]), dtype: "u32" as const };
    const scales = form === "int8" ? gpu.allocateLasting([count]) : undefined;
    for (const tensor of scales ? [words, scales] : [words]) gpu.clear(tensor);
    return new NarrowWeight(name, { form, shape: [count, width], words, scales });
  });
}

function windowOf(tensor: Tensor, first: number, count: number): Tensor {
  return { ...tensor, shape: [count], offset: tensor.offset + first * BYTES_PER_ELEMENT };
}

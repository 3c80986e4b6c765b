import type { Weight } from "#lib/autograd/tape.ts";
import type { Shape } from "#kernels/runtime/tensor.ts";

/** A parameter of a model: its shape, and what holds it. */
export interface StoredWeight {
  readonly name: string;
  readonly shape: Shape;
  /** Blocks of its rows, in their order: one, unless it is a table over the device's binding limit, or one whose first rows are read alone. */
  readonly blocks: readonly Weight[];
}

/** The parameters of a model as it reads them, whether they learn or not. */
export interface Weights extends Disposable {
  readonly parameters: ReadonlyMap<string, StoredWeight>;
  /** Elements, without padding. */
  readonly parameterCount: number;
  /** One that is no table of several blocks. @throws {RangeError} if there is none of the name, or it is such a table */
  get(name: string): Weight;
  /** What holds a parameter: blocks of its rows, in their order. */
  blocks(name: string): readonly Weight[];
  /** Overwrites whole rows of a parameter, from `firstRow` on, whichever blocks they lie in. */
  writeRows(name: string, firstRow: number, values: Float32Array<ArrayBuffer>): void;
  /** Every parameter's values on the CPU, as they are computed with. */
  read(): Promise<Map<string, Float32Array<ArrayBuffer>>>;
}

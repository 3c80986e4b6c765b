import type { Array64, Named } from "./op.ts";
import type { Tensor } from "./runtime/tensor.ts";

/** Some rows of a table that is too large for one binding; its other blocks are further tensors. */
export interface RowBlock {
  /** The input of the op that holds it, which is `"rows C"`. */
  readonly name: string;
  readonly tensor: Tensor;
  readonly firstRow: number;
  readonly rows: number;
}

/** The names of an op's inputs that hold a table's blocks, in the order of the rows. */
export function blockNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `block${i}`);
}

/** Axes of the blocks: each has its own number of rows, and all have the same columns. */
export function blockAxes(count: number, columns: string): Record<string, string> {
  return Object.fromEntries(blockNames(count).map((name, i) => [name, `V${i} ${columns}`]));
}

export function rowBlocks(inputs: Named<string, Tensor>, count: number): RowBlock[] {
  let firstRow = 0;
  return blockNames(count).map((name) => {
    const tensor = inputs[name];
    const block = { name, tensor, firstRow, rows: tensor.shape[0] };
    firstRow += block.rows;
    return block;
  });
}

/** The table of the blocks, for references. */
export function wholeTable(inputs: Named<string, Array64>, count: number): Array64 {
  const blocks = blockNames(count).map((name) => inputs[name]);
  const rows = blocks.reduce((sum, { shape }) => sum + shape[0], 0);
  return {
    shape: [rows, blocks[0].shape[1]],
    data: Float64Array.from(blocks.flatMap(({ data }) => [...data])),
  };
}

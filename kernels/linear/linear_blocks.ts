import { columnSum } from "../column_sum/column_sum.ts";
import { columnsOf } from "../concat/concat.ts";
import { placeColumns } from "../concat/place_columns.ts";
import { matmul } from "../matmul/matmul.ts";
import type { Op } from "../op.ts";
import { blockAxes, blockNames, rowBlocks, wholeTable } from "../row_blocks.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { BYTES_PER_ELEMENT, type Tensor } from "../runtime/tensor.ts";
import { linearReference } from "./linear_reference.ts";

/**
 * x Wᵀ, or x Wᵀ + b, of a weight that lies in `count` blocks of rows, `block0` `"V0 I"`, `block1` `"V1 I"`, …: each block gives some columns
 * of out. With a bias, all blocks but the last have a multiple of 64 rows, so that its parts can be bound.
 *
 * out, dW and db equal those of `linear` to the bit, as far as the same kernel computes them; dX is a sum over the blocks.
 */
export function linearOfBlocks(count: number, hasBias: boolean): Op<string, Record<never, never>> {
  const names = blockNames(count);
  return {
    name: "linearOfBlocks",
    axes: { x: "N I", ...blockAxes(count, "I"), ...(hasBias ? { bias: "O" } : {}), out: "N O" },
    differentiable: ["x", ...names, ...(hasBias ? ["bias"] : [])],

    forward(gpu, inputs) {
      const blocks = rowBlocks(inputs, count);
      const { firstRow, rows } = blocks[count - 1];
      const out = gpu.allocate([inputs.x.shape[0], firstRow + rows]);
      for (const block of blocks) {
        const bias = hasBias ? rowsOf(inputs.bias, block.firstRow, block.rows) : undefined;
        const columns = matmul(gpu, inputs.x, block.tensor, { transposeB: true, bias });
        placeColumns(gpu, columns, out, block.firstRow);
        gpu.release(columns);
      }
      return { out, saved: {} };
    },

    backward(gpu, dOut, { inputs, wanted }) {
      const gradients: Record<string, Tensor> = {};
      let dX: Tensor | undefined;
      for (const { name, tensor, firstRow, rows } of rowBlocks(inputs, count)) {
        const dColumns = columnsOf(gpu, dOut, firstRow, rows);
        if (wanted.has(name)) gradients[name] = matmul(gpu, dColumns, inputs.x, { transposeA: true });
        if (wanted.has("x")) dX = productAbove(gpu, dColumns, tensor, dX);
        gpu.release(dColumns);
      }
      if (dX) gradients.x = dX;
      if (wanted.has("bias")) gradients.bias = columnSum(gpu, dOut);
      return gradients;
    },

    reference: (inputs) =>
      linearReference(inputs.x, wholeTable(inputs, count), true, hasBias ? { bias: inputs.bias } : {}),
  };
}

/** a b + sum, where there is a sum already, which is released. */
function productAbove(gpu: Gpu, a: Tensor, b: Tensor, sum: Tensor | undefined): Tensor {
  const total = matmul(gpu, a, b, { residual: sum });
  if (sum) gpu.release(sum);
  return total;
}

/** Some numbers of a vector, as a window of it. */
function rowsOf(vector: Tensor, first: number, count: number): Tensor {
  return { ...vector, shape: [count], offset: vector.offset + first * BYTES_PER_ELEMENT };
}

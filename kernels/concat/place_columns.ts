import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./place_columns.wgsl" with { type: "text" };

const kernel = defineElementwiseBlocks("placeColumns", wgsl);

/**
 * Writes x (`"N A"`) over the columns of out (`"N C"`) from column `first`; `columnsOf` takes them out again.
 *
 * @throws {RangeError} if they are not columns of out
 */
export function placeColumns(gpu: Gpu, x: Tensor, out: Tensor, first: number): void {
  const [[rows, width], [outRows, outWidth]] = [x.shape, out.shape];
  if (rows !== outRows || first + width > outWidth) {
    throw new RangeError(`Cannot place [${x.shape}] in [${out.shape}] from column ${first}: they do not fit`);
  }
  const blockSize = blockSizeOf(first, width, outWidth);
  gpu.dispatch(kernel[blockSize], {
    bindings: { x, out },
    params: { rows, first: first / blockSize, width: width / blockSize, outWidth: outWidth / blockSize },
    ...elementwiseGrid(gpu, rows * width / blockSize),
  });
}

import type { Op } from "../op.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { concatReference } from "./concat_reference.ts";
import wgsl from "./concat.wgsl" with { type: "text" };

const forwardKernel = defineElementwiseBlocks("concat", wgsl, "forward");
const backwardKernel = defineElementwiseBlocks("concat.dColumns", wgsl, "backward");

/** The columns of x, then those of y, side by side: C = A + B. */
export const concat: Op<"x" | "y", Record<never, never>> = {
  name: "concat",
  axes: { x: "N A", y: "N B", out: "N C" },
  differentiable: ["x", "y"],

  forward(gpu, { x, y }) {
    const [[rows, a], [, b]] = [x.shape, y.shape];
    const blockSize = blockSizeOf(a, b);
    const out = gpu.allocate([rows, a + b]);
    gpu.dispatch(forwardKernel[blockSize], {
      bindings: { x, y, out },
      params: { rows, first: 0, width: a / blockSize, outWidth: (a + b) / blockSize },
      ...elementwiseGrid(gpu, rows * (a + b) / blockSize),
    });
    return { out, saved: {} };
  },

  /** @throws {RangeError} if dOut does not have the columns of x and y together */
  backward(gpu, dOut, { inputs: { x, y }, wanted }) {
    const [[rows, a], [, b]] = [x.shape, y.shape];
    if (dOut.shape.join() !== [rows, a + b].join()) {
      throw new RangeError(`Cannot run concat: dOut is [${dOut.shape}] but x and y make [${[rows, a + b]}]`);
    }
    return {
      x: wanted.has("x") ? columnsOf(gpu, dOut, 0, a) : undefined,
      y: wanted.has("y") ? columnsOf(gpu, dOut, a, b) : undefined,
    };
  },

  reference: concatReference,
};

/** A copy of `width` columns of dOut (`"N C"`) from column `first`. */
export function columnsOf(gpu: Gpu, dOut: Tensor, first: number, width: number): Tensor {
  const [rows, outWidth] = dOut.shape;
  const blockSize = blockSizeOf(first, width, outWidth);
  const columns = gpu.allocate([rows, width]);
  gpu.dispatch(backwardKernel[blockSize], {
    bindings: { dOut, columns },
    params: { rows, first: first / blockSize, width: width / blockSize, outWidth: outWidth / blockSize },
    ...elementwiseGrid(gpu, rows * width / blockSize),
  });
  return columns;
}

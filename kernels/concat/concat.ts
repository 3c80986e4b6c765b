import { defineRowKernel, elementLanes, elementwiseGrid, kernelOfLanes } from "../add/elementwise.ts";
import type { Op } from "../op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { concatReference } from "./concat_reference.ts";
import wgsl from "./concat.wgsl" with { type: "text" };

const forwardKernel = defineRowKernel("concat", wgsl, "forward");
const backwardKernel = defineRowKernel("concat.dColumns", wgsl, "backward");

/** The columns of x, then those of y, side by side: C = A + B. */
export const concat: Op<"x" | "y", Record<never, never>> = {
  name: "concat",
  axes: { x: "N A", y: "N B", out: "N C" },
  differentiable: ["x", "y"],

  forward(gpu, { x, y }) {
    const [[rows, a], [, b]] = [x.shape, y.shape];
    const lanes = elementLanes(a, b);
    const out = gpu.allocate([rows, a + b]);
    gpu.dispatch(kernelOfLanes(forwardKernel, lanes), {
      bindings: { x, y, out },
      params: { rows, first: 0, width: a / lanes, outWidth: (a + b) / lanes },
      ...elementwiseGrid(gpu, rows * (a + b) / lanes),
    });
    return { out, saved: {} };
  },

  /** @throws {RangeError} if dOut has not the columns of x and y together */
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
function columnsOf(gpu: Gpu, dOut: Tensor, first: number, width: number): Tensor {
  const [rows, outWidth] = dOut.shape;
  const lanes = elementLanes(first, width, outWidth);
  const columns = gpu.allocate([rows, width]);
  gpu.dispatch(kernelOfLanes(backwardKernel, lanes), {
    bindings: { dOut, columns },
    params: { rows, first: first / lanes, width: width / lanes, outWidth: outWidth / lanes },
    ...elementwiseGrid(gpu, rows * width / lanes),
  });
  return columns;
}

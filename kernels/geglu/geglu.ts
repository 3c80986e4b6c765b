import tanhWgsl from "../gelu/gelu_tanh.wgsl" with { type: "text" };
import type { Op } from "../op.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { gegluReference } from "./geglu_reference.ts";
import gegluWgsl from "./geglu.wgsl" with { type: "text" };

const wgsl = tanhWgsl + gegluWgsl;
const forwardKernel = defineElementwiseBlocks("geglu", wgsl, "forward");
const backwardKernel = defineElementwiseBlocks("geglu.dX", wgsl, "backward");

/**
 * GEGLU (Shazeer 2020, arXiv 2002.05202): gelu(gate) · up, with the tanh approximation of GELU, as the gated
 * feed-forward of T5 v1.1.
 * The gate is the first half of the columns of x, the up projection the second: G = 2F.
 */
export const geglu: Op<"x", Record<never, never>> = {
  name: "geglu",
  axes: { x: "N G", out: "N F" },
  differentiable: ["x"],

  /** @throws {RangeError} if the columns of x are odd in number */
  forward(gpu, { x }) {
    const [rows, packed] = x.shape;
    if (packed % 2 !== 0) {
      throw new RangeError(`Cannot run geglu: axis G of x is ${packed}; it must be twice the feed-forward size`);
    }
    const out = gpu.allocate([rows, packed / 2]);
    const { blockSize, ...grid } = halves(gpu, x);
    gpu.dispatch(forwardKernel[blockSize], { bindings: { x, out }, ...grid });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { x } }) {
    const dX = gpu.allocate(x.shape);
    const { blockSize, ...grid } = halves(gpu, x);
    gpu.dispatch(backwardKernel[blockSize], { bindings: { x, dOut, dX }, ...grid });
    return { x: dX };
  },

  reference: gegluReference,
};

/** Parameters and grid: one invocation for every element of a half of x. */
function halves(gpu: Gpu, { shape: [rows, packed] }: Tensor) {
  const blockSize = blockSizeOf(packed / 2);
  const width = packed / 2 / blockSize;
  return { blockSize, params: { rows, width }, ...elementwiseGrid(gpu, rows * width) };
}

import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import { addReference } from "./add_reference.ts";
import wgsl from "./add.wgsl" with { type: "text" };

const forwardKernel = defineElementwise("add", wgsl, "forward");
const backwardKernel = defineElementwise("add.dX", wgsl, "backward");

export interface AddAttrs {
  readonly xScale: number;
  readonly yScale: number;
}

/** xScale · x + yScale · y, elementwise; with both scales 1 it is x + y to the bit. */
export const add: Op<"x" | "y", AddAttrs> = {
  name: "add",
  axes: { x: "*", y: "*", out: "*" },
  differentiable: ["x", "y"],

  forward(gpu, { x, y }, { xScale, yScale }) {
    const vecs = Math.ceil(elementCount(x.shape) / 4);
    const out = gpu.allocate(x.shape);
    gpu.dispatch(forwardKernel, {
      bindings: { x, y, out },
      params: { vecs, xScale, yScale },
      ...elementwiseGrid(gpu, vecs),
    });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { attrs: { xScale, yScale }, wanted }) {
    return {
      x: wanted.has("x") ? scaled(gpu, dOut, xScale) : undefined,
      y: wanted.has("y") ? scaled(gpu, dOut, yScale) : undefined,
    };
  },

  reference: addReference,
};

function scaled(gpu: Gpu, dOut: Tensor, scale: number): Tensor {
  if (scale === 1) return dOut;
  const vecs = Math.ceil(elementCount(dOut.shape) / 4);
  const dX = gpu.allocate(dOut.shape);
  gpu.dispatch(backwardKernel, {
    bindings: { dOut, dX },
    params: { vecs, xScale: scale, yScale: 0 },
    ...elementwiseGrid(gpu, vecs),
  });
  return dX;
}

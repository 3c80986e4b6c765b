import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import { elementCount } from "../runtime/tensor.ts";
import { addReference } from "./add_reference.ts";
import wgsl from "./add.wgsl" with { type: "text" };

const forwardKernel = defineElementwise("add", wgsl, "forward");
const backwardKernel = defineElementwise("add.dXdY", wgsl, "backward");
const backwardOneKernel = defineElementwise("add.dX", wgsl, "backwardX");

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
    const vecs = Math.ceil(elementCount(dOut.shape) / 4);
    const grid = elementwiseGrid(gpu, vecs);
    const first = gpu.allocate(dOut.shape);
    if (wanted.has("x") && wanted.has("y")) {
      const dY = gpu.allocate(dOut.shape);
      gpu.dispatch(backwardKernel, { bindings: { dOut, dX: first, dY }, params: { vecs, xScale, yScale }, ...grid });
      return { x: first, y: dY };
    }
    const name = wanted.has("x") ? "x" : "y";
    const scale = name === "x" ? xScale : yScale;
    gpu.dispatch(backwardOneKernel, {
      bindings: { dOut, dX: first },
      params: { vecs, xScale: scale, yScale: 0 },
      ...grid,
    });
    return { [name]: first };
  },

  reference: addReference,
};

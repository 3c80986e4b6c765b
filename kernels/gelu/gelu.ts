import type { Op } from "../op.ts";
import vec4Wgsl from "../runtime/block_vec4.wgsl" with { type: "text" };
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import { elementCount } from "../runtime/tensor.ts";
import { geluReference } from "./gelu_reference.ts";
import geluWgsl from "./gelu.wgsl" with { type: "text" };
import tanhWgsl from "./gelu_tanh.wgsl" with { type: "text" };
import normalCdfWgsl from "./normal_cdf.wgsl" with { type: "text" };

const wgsl = vec4Wgsl + tanhWgsl + normalCdfWgsl + geluWgsl;
const kernels = {
  none: {
    forward: defineElementwise("gelu", wgsl, "forwardExact"),
    backward: defineElementwise("gelu.dX", wgsl, "backwardExact"),
  },
  tanh: {
    forward: defineElementwise("geluTanh", wgsl, "forwardTanh"),
    backward: defineElementwise("geluTanh.dX", wgsl, "backwardTanh"),
  },
};

export interface GeluAttrs {
  /** `"none"`: by the normal distribution function itself; `"tanh"`: GPT-2's approximation of it. PyTorch's names. */
  readonly approximation: "tanh" | "none";
}

/** Gaussian error linear unit (Hendrycks & Gimpel 2016): x · Φ(x), elementwise. */
export const gelu: Op<"x", GeluAttrs> = {
  name: "gelu",
  axes: { x: "*", out: "*" },
  differentiable: ["x"],

  forward(gpu, { x }, { approximation }) {
    const vecs = Math.ceil(elementCount(x.shape) / 4);
    const out = gpu.allocate(x.shape);
    gpu.dispatch(kernels[approximation].forward, {
      bindings: { x, out },
      params: { vecs },
      ...elementwiseGrid(gpu, vecs),
    });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { x }, attrs: { approximation } }) {
    const vecs = Math.ceil(elementCount(x.shape) / 4);
    const dX = gpu.allocate(x.shape);
    gpu.dispatch(kernels[approximation].backward, {
      bindings: { x, dOut, dX },
      params: { vecs },
      ...elementwiseGrid(gpu, vecs),
    });
    return { x: dX };
  },

  reference: geluReference,
};

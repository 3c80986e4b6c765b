import type { Op } from "../../op.ts";
import vec4Wgsl from "../../runtime/block_vec4.wgsl" with { type: "text" };
import { defineUnary } from "../unary.ts";
import { geluReference, geluTanhReference } from "./gelu_reference.ts";
import wgsl from "./gelu.wgsl" with { type: "text" };
import tanhWgsl from "./gelu_tanh.wgsl" with { type: "text" };
import normalCdfWgsl from "./normal_cdf.wgsl" with { type: "text" };

const texts = { shared: vec4Wgsl + tanhWgsl + normalCdfWgsl, wgsl };
const approximations = {
  none: defineUnary("gelu", { ...texts, forward: "forwardExact", backward: "backwardExact", value: geluReference }),
  tanh: defineUnary("geluTanh", {
    ...texts,
    forward: "forwardTanh",
    backward: "backwardTanh",
    value: geluTanhReference,
  }),
};

export interface GeluAttrs {
  /** `"none"` uses the normal distribution function itself, `"tanh"` GPT-2's approximation of it. The names are PyTorch's. */
  readonly approximation: "tanh" | "none";
}

/** The Gaussian error linear unit (Hendrycks & Gimpel 2016): x · Φ(x), elementwise. */
export const gelu: Op<"x", GeluAttrs> = {
  ...approximations.none,
  forward: (gpu, inputs, { approximation }) => approximations[approximation].forward(gpu, inputs, {}),
  backward: (gpu, dOut, context) => approximations[context.attrs.approximation].backward(gpu, dOut, context),
  reference: (inputs, { approximation }) => approximations[approximation].reference(inputs, {}),
};

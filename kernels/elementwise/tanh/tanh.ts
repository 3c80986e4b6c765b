import { defineUnary } from "../unary.ts";
import wgsl from "./tanh.wgsl" with { type: "text" };

/** The hyperbolic tangent, elementwise. Its gradient is dOut (1 − out²), so backward reads only the output. */
export const tanh = defineUnary("tanh", { wgsl, backwardReads: "out", value: Math.tanh });

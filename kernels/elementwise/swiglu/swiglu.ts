import { defineGated } from "../gated.ts";
import sigmoidWgsl from "./sigmoid.wgsl" with { type: "text" };
import wgsl from "./swiglu.wgsl" with { type: "text" };

/**
 * SwiGLU (Shazeer 2020): silu(gate) · up with silu(g) = g · sigmoid(g), as LLaMA's `act(gate_proj(x)) * up_proj(x)`.
 * The gate is the first half of the columns of x, the up projection the second: G = 2F.
 */
export const swiglu = defineGated("swiglu", {
  odds: sigmoidWgsl,
  wgsl,
  activation: (gate) => gate / (1 + Math.exp(-gate)),
});

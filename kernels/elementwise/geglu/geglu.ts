import { defineGated } from "../gated.ts";
import { geluTanhReference } from "../gelu/gelu_reference.ts";
import tanhWgsl from "../gelu/gelu_tanh.wgsl" with { type: "text" };
import wgsl from "./geglu.wgsl" with { type: "text" };

/**
 * GEGLU (Shazeer 2020, arXiv 2002.05202): gelu(gate) · up, with the tanh approximation of GELU, as in the gated feed-forward
 * layer of T5 v1.1. The gate is the first half of the columns of x, the up projection the second: G = 2F.
 */
export const geglu = defineGated("geglu", { shared: tanhWgsl, wgsl, activation: geluTanhReference });

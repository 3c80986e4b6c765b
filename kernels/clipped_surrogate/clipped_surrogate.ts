import type { Op } from "../op.ts";
import { defineElementwise, dispatchElementwise } from "../runtime/elementwise.ts";
import { clippedSurrogateReference, surrogateClippedReference } from "./clipped_surrogate_reference.ts";
import wgsl from "./clipped_surrogate.wgsl" with { type: "text" };

const forwardKernel = defineElementwise("clippedSurrogate", wgsl, "forward");
const backwardKernel = defineElementwise("clippedSurrogate.dLogProb", wgsl, "backward");
const clippedKernel = defineElementwise("surrogateClipped", wgsl, "clipped");

export interface ClippedSurrogateAttrs {
  /** ε: how far the ratio may move from 1 before a gain stops counting. A large number turns the clip off. */
  readonly clipRange: number;
}

/** What the surrogate is computed from, one number per row. */
export type SurrogateInput = "logProb" | "samplerLogProb" | "advantages";

const axes = { logProb: "N", samplerLogProb: "N", advantages: "N", out: "N" } as const;

/**
 * PPO's clipped surrogate as a loss (Schulman et al. 2017, arXiv 1707.06347, eq. 7): −min(r A, clip(r, 1 − ε, 1 + ε) A)
 * of every row, where r = exp(logProb − samplerLogProb) is the ratio of the policy that learns to the one that sampled the
 * action. The sampler need not be an earlier policy: if actions come from a mixture m, r = (q_old / m) · (q /
 * q_old), so an importance weight q_old / m needs no input of its own and lies inside the clip. `samplerLogProb` and
 * `advantages` are constants.
 */
export const clippedSurrogate: Op<SurrogateInput, ClippedSurrogateAttrs> = {
  name: "clippedSurrogate",
  axes,
  differentiable: ["logProb"],

  forward(gpu, inputs, { clipRange }) {
    return {
      out: dispatchElementwise(gpu, forwardKernel, inputs.logProb.shape, inputs, "out", { clipRange }),
      saved: {},
    };
  },

  backward(gpu, dOut, { inputs, attrs: { clipRange } }) {
    const read = { ...inputs, dOut };
    return { logProb: dispatchElementwise(gpu, backwardKernel, dOut.shape, read, "dLogProb", { clipRange }) };
  },

  reference: clippedSurrogateReference,
};

/** 1 for every row where the clip of `clippedSurrogate` stops the gradient, else 0; its mean is PPO's clip fraction. */
export const surrogateClipped: Op<SurrogateInput, ClippedSurrogateAttrs> = {
  name: "surrogateClipped",
  axes,
  differentiable: [],

  forward(gpu, inputs, { clipRange }) {
    return {
      out: dispatchElementwise(gpu, clippedKernel, inputs.logProb.shape, inputs, "out", { clipRange }),
      saved: {},
    };
  },

  backward: () => ({}),

  reference: surrogateClippedReference,
};

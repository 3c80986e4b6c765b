import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Op } from "../op.ts";
import wgsl from "./policy_gradient.wgsl" with { type: "text" };
import { policyGradientReference } from "./policy_gradient_reference.ts";

const forwardKernel = defineVocabKernel("policyGradient", wgsl, "forward");
const backwardKernel = defineVocabKernel("policyGradient.dLogits", wgsl, "backward");

/**
 * advantage · log softmax(logits)[action] of every row: its gradient is the score-function estimate of the policy gradient
 * (Williams 1992). The advantage is a constant; actions must be below V.
 */
export const policyGradient: Op<"logits" | "actions" | "advantages", Record<never, never>, "logSumExp"> = {
  name: "policyGradient",
  axes: { logits: "N V", actions: "N", advantages: "N", out: "N" },
  differentiable: ["logits"],
  integers: ["actions"],

  forward(gpu, { logits, actions, advantages }) {
    const out = gpu.allocate(advantages.shape);
    const logSumExp = gpu.allocate([advantages.shape[0], 2]);
    dispatchRows(gpu, forwardKernel, logits.shape, { logits, actions, advantages, out, logSumExp });
    return { out, saved: { logSumExp } };
  },

  backward(gpu, dOut, { inputs: { logits, actions, advantages }, saved }) {
    const dLogits = gpu.allocate(logits.shape);
    const savedLogSumExp = saved.logSumExp;
    dispatchRows(gpu, backwardKernel, logits.shape, { logits, actions, advantages, dOut, savedLogSumExp, dLogits });
    return { logits: dLogits };
  },

  reference: policyGradientReference,
};

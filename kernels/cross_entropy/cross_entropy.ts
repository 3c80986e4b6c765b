import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Op } from "../op.ts";
import wgsl from "./cross_entropy.wgsl" with { type: "text" };
import { crossEntropyReference } from "./cross_entropy_reference.ts";

const forwardKernel = defineVocabKernel("crossEntropy", wgsl, "forward");
const backwardKernel = defineVocabKernel("crossEntropy.dLogits", wgsl, "backward");

/** −log softmax(logits)[label] of every row, in nats; labels must be below V. Probabilities are never stored. */
export const crossEntropy: Op<"logits" | "labels", Record<never, never>, "logSumExp"> = {
  name: "crossEntropy",
  axes: { logits: "N V", labels: "N", out: "N" },
  differentiable: ["logits"],
  integers: ["labels"],

  forward(gpu, { logits, labels }) {
    const out = gpu.allocate(labels.shape);
    const logSumExp = gpu.allocate([labels.shape[0], 2]);
    dispatchRows(gpu, forwardKernel, logits.shape, { logits, labels, out, logSumExp });
    return { out, saved: { logSumExp } };
  },

  backward(gpu, dOut, { inputs: { logits, labels }, saved }) {
    const dLogits = gpu.allocate(logits.shape);
    const savedLogSumExp = saved.logSumExp;
    dispatchRows(gpu, backwardKernel, logits.shape, { logits, labels, dOut, savedLogSumExp, dLogits });
    return { logits: dLogits };
  },

  reference: crossEntropyReference,
};

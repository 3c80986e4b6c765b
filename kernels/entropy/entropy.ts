import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Op } from "../op.ts";
import wgsl from "./entropy.wgsl" with { type: "text" };
import { entropyReference } from "./entropy_reference.ts";

const forwardKernel = defineVocabKernel("entropy", wgsl, "forward");
const backwardKernel = defineVocabKernel("entropy.dLogits", wgsl, "backward");

/** −Σ_V p log p with p = softmax(logits), of every row, in nats. */
export const entropy: Op<"logits", Record<never, never>, "logSumExp"> = {
  name: "entropy",
  axes: { logits: "N V", out: "N" },
  differentiable: ["logits"],

  forward(gpu, { logits }) {
    const [rows] = logits.shape;
    const out = gpu.allocate([rows]);
    const logSumExp = gpu.allocate([rows, 2]);
    dispatchRows(gpu, forwardKernel, logits.shape, { logits, out, logSumExp });
    return { out, saved: { logSumExp } };
  },

  backward(gpu, dOut, { inputs: { logits }, out, saved }) {
    const dLogits = gpu.allocate(logits.shape);
    const savedLogSumExp = saved.logSumExp;
    dispatchRows(gpu, backwardKernel, logits.shape, { logits, dOut, savedOut: out, savedLogSumExp, dLogits });
    return { logits: dLogits };
  },

  reference: entropyReference,
};

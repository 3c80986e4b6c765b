import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Op } from "../op.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./expectation.wgsl" with { type: "text" };
import { expectationReference } from "./expectation_reference.ts";

const forwardKernel = defineVocabKernel("expectation", wgsl, "forward");
const backwardLogitsKernel = defineVocabKernel("expectation.dLogits", wgsl, "backwardLogits");
const backwardValuesKernel = defineVocabKernel("expectation.dValues", wgsl, "backwardValues");

/** E_{a ~ softmax(logits)} values[a] of every row: the moment E_π f(s, ·) of AMMD (Jia 2024, Propositions 1 and 2). */
export const expectation: Op<"logits" | "values", Record<never, never>, "logSumExp"> = {
  name: "expectation",
  axes: { logits: "N V", values: "N V", out: "N" },
  differentiable: ["logits", "values"],

  forward(gpu, { logits, values }) {
    const [rows] = logits.shape;
    const out = gpu.allocate([rows]);
    const logSumExp = gpu.allocate([rows, 2]);
    dispatchRows(gpu, forwardKernel, logits.shape, { logits, values, out, logSumExp });
    return { out, saved: { logSumExp } };
  },

  backward(gpu, dOut, { inputs: { logits, values }, out, saved, wanted }) {
    const savedLogSumExp = saved.logSumExp;
    let dLogits: Tensor | undefined;
    if (wanted.has("logits")) {
      dLogits = gpu.allocate(logits.shape);
      const bindings = { logits, values, dOut, savedOut: out, savedLogSumExp, dLogits };
      dispatchRows(gpu, backwardLogitsKernel, logits.shape, bindings);
    }
    let dValues: Tensor | undefined;
    if (wanted.has("values")) {
      dValues = gpu.allocate(values.shape);
      dispatchRows(gpu, backwardValuesKernel, logits.shape, { logits, dOut, savedLogSumExp, dValues });
    }
    return { logits: dLogits, values: dValues };
  },

  reference: expectationReference,
};

import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Op } from "../op.ts";
import wgsl from "./pick.wgsl" with { type: "text" };
import { pickReference } from "./pick_reference.ts";

const forwardKernel = defineVocabKernel("pick", wgsl, "forward");
const backwardKernel = defineVocabKernel("pick.dValues", wgsl, "backward");

/** values[id] of every row: the value f(s, y) of the action taken. Ids must be below V. */
export const pick: Op<"values" | "ids", Record<never, never>> = {
  name: "pick",
  axes: { values: "N V", ids: "N", out: "N" },
  differentiable: ["values"],
  integers: ["ids"],

  forward(gpu, { values, ids }) {
    const out = gpu.allocate(ids.shape);
    dispatchRows(gpu, forwardKernel, values.shape, { values, ids, out });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { values, ids } }) {
    const dValues = gpu.allocate(values.shape);
    dispatchRows(gpu, backwardKernel, values.shape, { ids, dOut, dValues });
    return { values: dValues };
  },

  reference: pickReference,
};

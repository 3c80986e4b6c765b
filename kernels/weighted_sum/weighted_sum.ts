import type { Op } from "../op.ts";
import { defineElementwise, dispatchElementwise } from "../runtime/elementwise.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import { workgroupWgsl } from "../runtime/workgroup.ts";
import wgsl from "./weighted_sum.wgsl" with { type: "text" };
import gradientWgsl from "./weighted_sum_gradient.wgsl" with { type: "text" };
import { weightedSumReference } from "./weighted_sum_reference.ts";

const forwardKernel = defineKernel("weightedSum", wgsl + workgroupWgsl);
const backwardKernel = defineElementwise("weightedSum.dX", gradientWgsl);

/** Σ_n weights[n] x[n], in a fixed order: with weights mask / tokens, the mean over the counted tokens. */
export const weightedSum: Op<"x" | "weights", Record<never, never>> = {
  name: "weightedSum",
  axes: { x: "N", weights: "N", out: "1" },
  differentiable: ["x"],

  forward(gpu, { x, weights }) {
    const [size] = x.shape;
    requireLoopRounds(gpu, "weightedSum", `${size} rows`, loopRounds(Math.ceil(size / gpu.tuning.rowWorkgroup)));
    const out = gpu.allocate([1]);
    gpu.dispatch(forwardKernel, { bindings: { x, weights, out }, params: { size }, workgroups: 1 });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { weights } }) {
    return { x: dispatchElementwise(gpu, backwardKernel, weights.shape, { dOut, weights }, "dX") };
  },

  reference: weightedSumReference,
};

import type { Op } from "../op.ts";
import { elementwiseGrid } from "../runtime/elementwise.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import wgsl from "./weighted_sum.wgsl" with { type: "text" };
import { weightedSumReference } from "./weighted_sum_reference.ts";

const text = wgsl + workgroupWgsl;
const forwardKernel = defineKernel("weightedSum", text, "forward");
const backwardKernel = defineKernel("weightedSum.dX", text, "backward");

/** Σ_n weights[n] x[n], in a fixed order: with weights mask / tokens, the mean over the counted tokens. */
export const weightedSum: Op<"x" | "weights", Record<never, never>> = {
  name: "weightedSum",
  axes: { x: "N", weights: "N", out: "1" },
  differentiable: ["x"],

  forward(gpu, { x, weights }) {
    const [size] = x.shape;
    requireLoopRounds(gpu, "weightedSum", `${size} rows`, loopRounds(Math.ceil(size / gpu.tuning.rowWorkgroup)));
    const out = gpu.allocate([1]);
    const params = { size, vecs: Math.ceil(size / 4) };
    gpu.dispatch(forwardKernel, { bindings: { x, weights, out }, params, workgroups: 1 });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { weights } }) {
    const [size] = weights.shape;
    const vecs = Math.ceil(size / 4);
    const dX = gpu.allocate(weights.shape);
    gpu.dispatch(backwardKernel, {
      bindings: { dOut, weightVecs: weights, dX },
      params: { size, vecs },
      ...elementwiseGrid(gpu, vecs),
    });
    return { x: dX };
  },

  reference: weightedSumReference,
};

import type { Op } from "../op.ts";
import type { Dispatch, Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import { workgroupWgsl } from "../runtime/workgroup.ts";
import wgsl from "./span_sum.wgsl" with { type: "text" };
import { spanSumReference } from "./span_sum_reference.ts";

const text = workgroupWgsl + wgsl;
const forwardKernel = defineKernel("spanSum", text, "forward");
const backwardKernel = defineKernel("spanSum.dX", text, "backward");

export interface SpanSumAttrs {
  /** Discount γ of a token. */
  readonly gamma: number;
  /** Which tokens of a text count: all, all by 1 / T so that their mean is taken, or the last alone. */
  readonly of: "all" | "mean" | "last";
}

/**
 * A number for each text of a packed batch from one for each token: Σ_t γ^t x_t (t from 0), that over T, or γ^(T−1) x_(T−1). Returns are
 * such sums of rewards, a text's log-probability is one of its tokens'. Tokens are added in order; rows outside every span count
 * for nothing.
 */
export const spanSum: Op<"x" | "spans", SpanSumAttrs> = {
  name: "spanSum",
  axes: { x: "N", spans: "B 2", out: "B" },
  differentiable: ["x"],
  integers: ["spans"],

  /** @throws {RangeError} if a CPU driver would end the walk along a text that has all of the rows */
  forward(gpu, { x, spans }, attrs) {
    const [rows] = x.shape;
    requireLoopRounds(gpu, "spanSum", `${rows} rows`, loopRounds(rows));
    const out = gpu.allocate([spans.shape[0]]);
    gpu.dispatch(forwardKernel, { bindings: { x, spans, out }, ...byText(gpu, spans.shape[0], attrs) });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { x, spans }, attrs }) {
    const dX = gpu.allocate(x.shape);
    gpu.clear(dX);
    gpu.dispatch(backwardKernel, { bindings: { spans, dOut, dX }, ...byText(gpu, spans.shape[0], attrs) });
    return { x: dX };
  },

  reference: spanSumReference,
};

function byText(gpu: Gpu, texts: number, { gamma, of }: SpanSumAttrs): Pick<Dispatch, "params" | "workgroups"> {
  return {
    params: { texts, gamma, mean: Number(of === "mean"), last: Number(of === "last") },
    workgroups: Math.ceil(texts / gpu.tuning.rowWorkgroup),
  };
}

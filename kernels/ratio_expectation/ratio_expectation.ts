import { columnSum } from "../column_sum/column_sum.ts";
import { requireAttr } from "../divergence/divergence.ts";
import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import type { Op } from "../op.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import { reshape, type Tensor } from "../runtime/tensor.ts";
import wgsl from "./ratio_expectation.wgsl" with { type: "text" };
import { ratioExpectationReference } from "./ratio_expectation_reference.ts";

const forwardKernel = defineVocabKernel("ratioExpectation", wgsl, "forward");
const backwardPolicyKernel = defineVocabKernel("ratioExpectation.dPolicy", wgsl, "backwardPolicy");
const backwardLogScaleKernel = defineVocabKernel("ratioExpectation.dLogScale", wgsl, "backwardLogScale");

export interface RatioAttrs {
  /** What the log-ratio is multiplied by: at ½, and with no bias, f = (p − q) / (p + q); towards ∞ it is sign(p − q). */
  readonly c: number;
  /** What is added to the multiplied log-ratio. */
  readonly bias: number;
}

/** The log-sum-exps of policy, teacher and student, `"N 6"`. */
type Saved = "logSumExps";

/**
 * E_{a ~ softmax(policy)} f(a) of every row, f(a) = tanh(c e^logScale (log p(a) − log q(a)) + bias), p = softmax(teacher) and
 * q = softmax(student): the moments of AMMD (Jia 2024, Propositions 1 and 2) under the bounded log-ratio of the policies as critic.
 * The critic is held: there is no gradient to `teacher` and `student`, so that with the student's logits given as `policy` and as
 * `student`, the gradient of the first is that of E_q f at a fixed f. `logScale`, one number for all rows, is what the critic
 * may learn. Throws a RangeError where c is not positive, or the bias is not finite.
 */
export const ratioExpectation: Op<"policy" | "teacher" | "student" | "logScale", RatioAttrs, Saved> = {
  name: "ratioExpectation",
  axes: { policy: "N V", teacher: "N V", student: "N V", logScale: "1", out: "N" },
  differentiable: ["policy", "logScale"],

  forward(gpu, inputs, attrs) {
    const { shape } = inputs.policy;
    const [rows] = shape;
    const out = gpu.allocate([rows]);
    const logSumExps = gpu.allocate([rows, 6]);
    dispatchRows(gpu, forwardKernel, shape, { ...inputs, out, logSumExps }, paramsOf(attrs));
    return { out, saved: { logSumExps } };
  },

  backward(gpu, dOut, { inputs, out, saved, attrs, wanted }) {
    const { shape } = inputs.policy;
    const bindings = { ...inputs, dOut, savedLogSumExps: saved.logSumExps };
    let dPolicy: Tensor | undefined;
    if (wanted.has("policy")) {
      dPolicy = gpu.allocate(shape);
      const all = { ...bindings, savedOut: out, dPolicy };
      dispatchRows(gpu, backwardPolicyKernel, shape, all, paramsOf(attrs));
    }
    let dLogScale: Tensor | undefined;
    if (wanted.has("logScale")) {
      const rowLogScale = gpu.allocate([shape[0]]);
      dispatchRows(gpu, backwardLogScaleKernel, shape, { ...bindings, rowLogScale }, paramsOf(attrs));
      dLogScale = columnSum(gpu, reshape(rowLogScale, [shape[0], 1]));
      gpu.release(rowLogScale);
    }
    return { policy: dPolicy, logScale: dLogScale };
  },

  reference: ratioExpectationReference,
};

function paramsOf({ c, bias }: RatioAttrs): { c: number; bias: number } {
  requireAttr("ratioExpectation", "c", c, Math.fround(c) > 0 && Number.isFinite(Math.fround(c)), "a positive number");
  requireAttr("ratioExpectation", "bias", bias, Number.isFinite(Math.fround(bias)), "a finite number");
  return { c, bias };
}

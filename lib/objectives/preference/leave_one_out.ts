import { linear } from "#kernels/linear/linear.ts";
import { spanSum } from "#kernels/span_sum/span_sum.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { linearCombination } from "../linear_combination.ts";
import type { ResponseRows } from "../moment_matching.ts";

/**
 * Returns of texts less the mean of the others that the same policy wrote to the same prompt → `"B"` (leave-one-out; Kool et al. 2019).
 * The others are independent of the text, so the policy gradient stays without bias, and a constant of the prompt cancels.
 *
 * @param returns `"B"`, the texts of a prompt one after another
 * @throws {RangeError} if a prompt has one text, or B is no multiple of their number
 */
export function leaveOneOutAdvantages(tape: Tape, returns: Variable, textsPerPrompt: number): Variable {
  const [texts] = returns.value.shape;
  if (!Number.isInteger(textsPerPrompt) || textsPerPrompt < 2) {
    throw new RangeError(`Cannot leave one text out of ${textsPerPrompt} per prompt: there must be at least 2`);
  }
  if (texts % textsPerPrompt !== 0) {
    throw new RangeError(`Cannot divide ${texts} texts among prompts of ${textsPerPrompt}`);
  }
  // Returns and advantages of k texts: 1 on the diagonal, −1 / (k − 1) beside it.
  const others = Float32Array.from(
    { length: textsPerPrompt ** 2 },
    (_, i) => i % (textsPerPrompt + 1) === 0 ? 1 : -1 / (textsPerPrompt - 1),
  );
  const weight = tape.constant(tape.adopt(tape.gpu.upload(others, [textsPerPrompt, textsPerPrompt])));
  const byPrompt = tape.reshape(returns, [texts / textsPerPrompt, textsPerPrompt]);
  return tape.reshape(tape.apply(linear, { x: byPrompt, weight }, {}), [texts]);
}

/**
 * −(1/B) Σ_τ A(τ) Σ_t log π_θ(a_t | s_t) → `"1"`: a loss whose gradient is the estimate of −∇ E_{τ~π_θ} r(x, τ) from texts of π_θ (Williams
 * 1992). The advantages are held.
 *
 * @param logProb log π_θ(a_t | s_t), `"N"`
 * @param advantages by text, `"B"`
 */
export function textPolicyGradient(
  tape: Tape,
  logProb: Variable,
  { rowSpans }: Pick<ResponseRows, "rowSpans">,
  advantages: Variable,
): Variable {
  const scores = tape.apply(spanSum, { x: logProb, spans: tape.constant(rowSpans) }, { gamma: 1, of: "all" });
  const total = tape.apply(weightedSum, { x: scores, weights: tape.detach(advantages) }, {});
  return linearCombination(tape, [{ weight: -1 / rowSpans.shape[0], value: total }]);
}

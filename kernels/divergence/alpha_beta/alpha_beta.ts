import { defineDivergence, requireAttr } from "../divergence.ts";
import type { TemperatureAttrs } from "../../log_sum_exp/temperature.ts";
import wgsl from "./alpha_beta.wgsl" with { type: "text" };

/** Neither α, β nor their sum may be 0, where the divergence is a limit: forwardKl at (1, 0), reverseKl at (0, 1). */
export interface AlphaBetaAttrs extends TemperatureAttrs {
  readonly alpha: number;
  readonly beta: number;
}

/**
 * −1/(αβ) Σ_V [p^α q^β − α/(α+β) p^(α+β) − β/(α+β) q^(α+β)] of every row, p of the teacher and q of the student, from
 * the logits of both divided by the temperature: ABKD (Wang et al. 2025, arXiv 2505.04560), after Cichocki et al. 2011.
 * Where an exponent is negative, powers of small probabilities may be too large for float32. Throws a RangeError where
 * α, β or α + β is 0.
 */
export const alphaBeta = defineDivergence<AlphaBetaAttrs>("alphaBeta", {
  wgsl,
  params({ alpha, beta }) {
    const [a, b] = [Math.fround(alpha), Math.fround(beta)];
    requireAttr("alphaBeta", "alpha", alpha, Number.isFinite(a) && a !== 0, "a number other than 0");
    requireAttr("alphaBeta", "beta", beta, Number.isFinite(b) && b !== 0, "a number other than 0");
    requireAttr("alphaBeta", "alpha + beta", alpha + beta, a + b !== 0, "a number other than 0");
    return { alpha, beta };
  },
  term(logP, logQ, { alpha, beta }) {
    const degree = alpha + beta;
    const powers = alpha / degree * Math.exp(degree * logP) + beta / degree * Math.exp(degree * logQ);
    return -(Math.exp(alpha * logP + beta * logQ) - powers) / (alpha * beta);
  },
});

import type { TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import { requireAttr } from "./divergence.ts";

/** Attributes of the Kullback-Leibler divergences from a mixture of both policies, skewed towards the first. */
export interface SkewAttrs extends TemperatureAttrs {
  /** The share of the first policy in the mixture: from 0 (no mixture) to below 1. */
  readonly skew: number;
}

/** @throws {RangeError} where the skew, in float32, is not in [0, 1) */
export function skewOf(op: string, { skew }: SkewAttrs): { readonly skew: number } {
  requireAttr(op, "skew", skew, skew >= 0 && Math.fround(skew) < 1, "from 0 to below 1");
  return { skew };
}

/** log(share x + (1 − share) y) from log x and log y, in float64. */
export function logMixtureReference(share: number, logX: number, logY: number): number {
  const largest = Math.max(logX, logY);
  return largest + Math.log(share * Math.exp(logX - largest) + (1 - share) * Math.exp(logY - largest));
}

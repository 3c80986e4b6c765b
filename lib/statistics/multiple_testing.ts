/** A difference is marked if its corrected two-sided p is below this. */
export const SIGNIFICANCE_LEVEL = 0.05;

/**
 * Holm's step-down correction (Holm 1979, "A simple sequentially rejective multiple test procedure"): rejecting what is below a level
 * α keeps the probability of any false rejection among all hypotheses at or below α, however the tests depend on one another.
 * With p₍₁₎ ≤ … ≤ p₍ₘ₎: p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎).
 *
 * @param pValues of one family of hypotheses
 * @param hypotheses in the family, where those that were not tested are more: taken to have p 1
 * @returns the corrected values, in the order given
 */
export function holm(pValues: readonly number[], hypotheses = pValues.length): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  const corrected = new Array<number>(pValues.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (hypotheses - rank) * pValues[index]));
    corrected[index] = least;
  });
  return corrected;
}

/**
 * The same for the differences of methods from the best of them as it came out. Whichever had been the best would have been compared with the
 * others, so that the family is all pairs: corrected for the others alone, the best of 14 equal methods is told from one of them in up to 18 %
 * of tables.
 *
 * @param pValues of all others of the family
 */
export function holmFromBest(pValues: readonly number[]): number[] {
  return holm(pValues, pValues.length * (pValues.length + 1) / 2);
}

/** Statistics over seeds: mean, standard deviation and the paired t-test. */

/** @throws {RangeError} if there are no values */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the mean of no values");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The sample standard deviation, with n - 1 in the denominator.
 *
 * @throws {RangeError} if there are fewer than two values
 */
export function sampleSd(values: readonly number[]): number {
  if (values.length < 2) throw new RangeError(`Cannot take a standard deviation of ${values.length} values`);
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/**
 * P(T ≤ t) of Student's t distribution with a whole number of degrees of freedom, by the finite sums of Abramowitz and Stegun
 * 26.7.3 and 26.7.4. The absolute error is that of rounding, about 1e-16.
 *
 * @throws {RangeError} unless the degrees of freedom are a positive whole number
 */
export function studentTCdf(t: number, degreesOfFreedom: number): number {
  if (!Number.isSafeInteger(degreesOfFreedom) || degreesOfFreedom < 1) {
    throw new RangeError(`Cannot use ${degreesOfFreedom} degrees of freedom: they must be a positive whole number`);
  }
  const angle = Math.atan(t / Math.sqrt(degreesOfFreedom));
  const cosine = Math.cos(angle);
  const odd = degreesOfFreedom % 2 === 1;
  // P(|T| ≤ t): powers of the cosine, each term a ratio k / (k + 1) times the one before.
  let term = odd ? cosine : 1;
  let sum = degreesOfFreedom === 1 ? 0 : term;
  for (let k = odd ? 2 : 1; k <= degreesOfFreedom - 3; k += 2) {
    term *= cosine ** 2 * k / (k + 1);
    sum += term;
  }
  const central = odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + central) / 2;
}

/**
 * The t below which a share `probability` of Student's t distribution lies.
 *
 * @throws {RangeError} unless the probability is between 0 and 1, both excluded, or as `studentTCdf` does
 */
export function studentTQuantile(probability: number, degreesOfFreedom: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`Cannot take the quantile of probability ${probability}: it must be between 0 and 1`);
  }
  if (probability < 0.5) return -studentTQuantile(1 - probability, degreesOfFreedom);
  let low = 0;
  let high = 1;
  while (studentTCdf(high, degreesOfFreedom) < probability) high *= 2;
  while (true) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return low;
    if (studentTCdf(middle, degreesOfFreedom) > probability) high = middle;
    else low = middle;
  }
}

export interface PairedTTest {
  /** Mean of the differences by its standard error; infinite if all differences are equal and not 0. */
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Student's paired t-test of the hypothesis that `a` and `b` have the same mean; value i of one belongs to value i of the other.
 *
 * @throws {RangeError} if the lengths differ or there are fewer than two pairs
 */
export function pairedTTest(a: readonly number[], b: readonly number[]): PairedTTest {
  if (a.length !== b.length) throw new RangeError(`Cannot pair ${a.length} values with ${b.length}`);
  const differences = a.map((value, i) => value - b[i]);
  const standardError = sampleSd(differences) / Math.sqrt(a.length);
  const center = mean(differences);
  const t = center === 0 ? 0 : center / standardError;
  const degreesOfFreedom = a.length - 1;
  return { t, degreesOfFreedom, p: 2 * studentTCdf(-Math.abs(t), degreesOfFreedom) };
}

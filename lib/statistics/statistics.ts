/** Statistics over seeds and items: mean, variance and standard deviation. */

/** @throws {RangeError} if there are no values */
export function mean(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError("Cannot take the mean of no values");
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * The sample variance, with n - 1 in the denominator.
 *
 * @throws {RangeError} if there are fewer than two values
 */
export function sampleVariance(values: ArrayLike<number>): number {
  if (values.length < 2) throw new RangeError(`Cannot take a standard deviation of ${values.length} values`);
  const center = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - center) ** 2;
  return sum / (values.length - 1);
}

/**
 * The square root of the sample variance.
 *
 * @throws {RangeError} if there are fewer than two values
 */
export function sampleSd(values: ArrayLike<number>): number {
  return Math.sqrt(sampleVariance(values));
}

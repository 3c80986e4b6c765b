/** Statistics over seeds: mean and standard deviation. */

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

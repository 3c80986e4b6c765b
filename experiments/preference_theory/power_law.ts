import { mean, sampleSd } from "#lib/statistics/statistics.ts";
import { studentQuantile } from "#lib/statistics/student_t.ts";

/** A value at a size: of N pairs, or after T rounds. */
export interface SizedValue {
  readonly size: number;
  readonly value: number;
}

/**
 * The exponent of the power law through the values, by least squares of log value on log size.
 *
 * @throws {RangeError} if there are fewer than two sizes, or a size or value is not above 0
 */
export function slopeOf(values: readonly SizedValue[]): number {
  const wrong = values.find(({ size, value }) => !(size > 0 && value > 0));
  if (wrong) throw new RangeError(`Cannot take the logarithm of a value of ${wrong.value} at size ${wrong.size}`);
  const [xs, ys] = [values.map(({ size }) => Math.log(size)), values.map(({ value }) => Math.log(value))];
  if (new Set(xs).size < 2) throw new RangeError(`Cannot draw a line through values at ${new Set(xs).size} sizes`);
  const center = mean(xs);
  const spread = xs.reduce((sum, x) => sum + (x - center) ** 2, 0);
  return xs.reduce((sum, x, i) => sum + (x - center) * ys[i], 0) / spread;
}

/** A mean over independent seeds, and where the true one is. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const LEVEL = 0.05;

/** The 95 % interval of the mean of independent values by Student's t. @throws {RangeError} if there are fewer than two */
export function intervalOf(values: readonly number[]): Interval {
  const center = mean(values);
  const half = studentQuantile(LEVEL, values.length - 1) * sampleSd(values) / Math.sqrt(values.length);
  return { mean: center, low: center - half, high: center + half };
}

/** √(log(N/δ)/N): the paper's rate of offline sub-optimality after N pairs. */
export function offlineRate(pairs: number, delta: number): number {
  return Math.sqrt(Math.log(pairs / delta) / pairs);
}

/** √(T log T log(T/δ)): the paper's rate of cumulative regret after T rounds. */
export function onlineRate(rounds: number, delta: number): number {
  return Math.sqrt(rounds * Math.log(rounds) * Math.log(rounds / delta));
}

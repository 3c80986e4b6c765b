/**
 * The probability that Student's t is at least as far from 0 as `t`, either way: I_x(ν/2, 1/2) with x = ν / (ν + t²), the regularized
 * incomplete beta function (Abramowitz & Stegun 1964, 26.7.1).
 *
 * @param degreesOfFreedom above 0, not necessarily whole
 * @throws {RangeError} if t is not a number or there are no degrees of freedom
 */
export function studentTwoSidedP(t: number, degreesOfFreedom: number): number {
  if (Number.isNaN(t) || !(degreesOfFreedom > 0)) {
    throw new RangeError(`Cannot tell the probability of t = ${t} with ${degreesOfFreedom} degrees of freedom`);
  }
  if (!Number.isFinite(t)) return 0;
  const squared = t * t / degreesOfFreedom;
  const [a, b] = [degreesOfFreedom / 2, 1 / 2];
  // Both x and 1 − x straight from t: 1 − x computed from x would lose small ones.
  const [x, rest] = [1 / (1 + squared), squared / (1 + squared)];
  if (x === 0) return 0;
  return x < (a + 1) / (a + b + 2) ? betaTail(x, rest, a, b) : 1 - betaTail(rest, x, b, a);
}

/**
 * The t that Student's t is at least as far from 0 as, either way, with probability `p`: the inverse of `studentTwoSidedP`.
 *
 * @param p above 0, at most 1
 * @throws {RangeError} if p is no such probability or there are no degrees of freedom
 */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p > 0 && p <= 1)) throw new RangeError(`Cannot find the t of a probability of ${p}`);
  return solve((t) => p - studentTwoSidedP(t, degreesOfFreedom), 1e-13);
}

/**
 * The true difference, in standard errors, that a two-sided t test at `level` finds with probability `power`: the noncentrality of
 * Student's t (Johnson & Welch 1940) at which it exceeds the critical value.
 *
 * @param level above 0 and below `power`
 */
export function detectableShift(level: number, degreesOfFreedom: number, power: number): number {
  const critical = studentQuantile(level, degreesOfFreedom);
  return solve((shift) => powerOf(shift, critical, degreesOfFreedom) - power, 1e-6);
}

/**
 * P(|T| ≥ critical), T = (Z + shift) / s, with s² a χ² divided by its degrees of freedom ν: the normal tail averaged over s, whose density is
 * proportional to s^(ν−1) exp(−ν s²/2), by the midpoint rule over where it is not negligible.
 */
function powerOf(shift: number, critical: number, degreesOfFreedom: number): number {
  const width = SPREADS / Math.sqrt(2 * degreesOfFreedom);
  const [low, high] = [Math.max(0, 1 - width), 1 + width];
  let [found, total] = [0, 0];
  for (let i = 0; i < SLICES; i++) {
    const s = low + (high - low) * (i + 0.5) / SLICES;
    const weight = Math.exp((degreesOfFreedom - 1) * Math.log(s) - degreesOfFreedom * (s * s - 1) / 2);
    found += weight * (normalTail(critical * s - shift) + normalTail(critical * s + shift));
    total += weight;
  }
  return found / total;
}

const SPREADS = 8;
const SLICES = 400;
/** P(Z ≥ z), to 1e-7 (Abramowitz & Stegun 1964, 26.2.17). */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const series = [0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429]
    .reduceRight((sum, coefficient) => (sum + coefficient) * t, 0);
  return series * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}

/** Where a function that rises from below 0 crosses it, for arguments from 0 on, to a relative `precision`. */
function solve(rising: (x: number) => number, precision: number): number {
  let [low, high] = [0, 1];
  while (rising(high) < 0) [low, high] = [high, 2 * high];
  while (high - low > precision * high) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}

const MAX_TERMS = 10_000;
const PRECISION = 1e-15;
/** In place of a 0 in a denominator. */
const TINY = 1e-300;

/**
 * I_x(a, b) by its continued fraction (Abramowitz & Stegun 1964, 26.5.8), from front to back (Lentz 1976). It converges fast where
 * x < (a + 1) / (a + b + 2).
 *
 * @param rest 1 − x
 */
function betaTail(x: number, rest: number, a: number, b: number): number {
  if (x === 0) return 0;
  let c = 1;
  let d = 1 / orTiny(1 - (a + b) * x / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MAX_TERMS; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    let factor = 1;
    for (const term of [even, odd]) {
      d = 1 / orTiny(1 + term * d);
      c = orTiny(1 + term / c);
      factor = c * d;
      fraction *= factor;
    }
    if (Math.abs(factor - 1) < PRECISION) break;
  }
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  return Math.exp(a * Math.log(x) + b * Math.log(rest) - logBeta) * fraction / a;
}

function orTiny(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** Stirling's series (Abramowitz & Stegun 1964, 6.1.41) where it is exact to rounding, and Γ(z) = Γ(z + 1) / z down to there. */
function logGamma(z: number): number {
  let product = 1;
  for (; z < 12; z++) product *= z;
  const w = 1 / (z * z);
  const series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * 691 / 360360))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

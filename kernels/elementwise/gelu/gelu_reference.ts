/** x Φ(x) = x (1 + erf(x / √2)) / 2, in float64. */
export function geluReference(x: number): number {
  return x * (1 + erf(x / Math.SQRT2)) / 2;
}

/** x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, in float64. */
export function geluTanhReference(x: number): number {
  return x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) / 2;
}

/**
 * The error function to float64 rounding, computed as erf(z) = 2/√π · exp(−z²) · Σ 2ⁿ z²ⁿ⁺¹ / (1 · 3 · … · (2n + 1))
 * (Abramowitz & Stegun 1964, 7.1.6), whose terms have one sign: nothing cancels.
 */
export function erf(z: number): number {
  if (Math.abs(z) > 6) return Math.sign(z);
  let [term, sum] = [z, z];
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= 2 * z * z / (2 * n + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
}

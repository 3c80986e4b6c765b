import type { Array64, Named } from "../op.ts";

/** x (1 + erf(x / √2)) / 2, or x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, element by element in float64. */
export function geluReference(
  { x }: Named<"x", Array64>,
  { approximation }: { approximation: "tanh" | "none" },
): Array64 {
  const gate = approximation === "none"
    ? (value: number) => erf(value / Math.SQRT2)
    : (value: number) => Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3));
  return { shape: x.shape, data: x.data.map((value) => value * (1 + gate(value)) / 2) };
}

/**
 * The error function to float64 rounding, by erf(z) = 2/√π · exp(−z²) · Σ 2ⁿ z²ⁿ⁺¹ / (1 · 3 · … · (2n + 1))
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

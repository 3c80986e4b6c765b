/** The root of the sum of squares over all arrays, in float64. */
export function globalNormReference(gradients: readonly Float64Array[]): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (const value of gradient) sum += value * value;
  }
  return Math.sqrt(sum);
}

/** min(1, maxGradNorm / (norm + 1e-6)). */
export function clipScaleReference(norm: number, maxGradNorm: number): number {
  return Math.min(1, maxGradNorm / (norm + 1e-6));
}

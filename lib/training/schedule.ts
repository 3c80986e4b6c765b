export interface Schedule {
  /** Updates in all. */
  readonly steps: number;
  /** Updates over which the rate rises from 0 to its peak. */
  readonly warmupSteps: number;
  /** The rate at the peak. */
  readonly learningRate: number;
  /** The rate at the end, as a fraction of the peak. */
  readonly finalLearningRateFraction: number;
}

/** Linear warm-up times a cosine from the peak to its final fraction; `step` counts from 0. */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { steps, warmupSteps, learningRate, finalLearningRateFraction: final } = schedule;
  const warmup = warmupSteps > 0 ? Math.min(1, (step + 1) / warmupSteps) : 1;
  const cosine = 0.5 * (1 + Math.cos(Math.PI * Math.min(1, step / steps)));
  return learningRate * warmup * (final + (1 - final) * cosine);
}

import type { Named } from "../op.ts";
import type { AdamWSettings } from "./adamw.ts";

/** One update in place, element by element in float64, with the moments corrected as the paper writes it. */
export function adamWReference(
  state: Named<"parameters" | "gradients" | "firstMoment" | "secondMoment", Float64Array>,
  { learningRate, beta1, beta2, eps, weightDecay, decayedCount, step }: AdamWSettings,
  gradScale = 1,
): void {
  const { parameters, gradients, firstMoment, secondMoment } = state;
  for (let i = 0; i < parameters.length; i++) {
    const gradient = gradScale * gradients[i];
    if (i < decayedCount) parameters[i] -= learningRate * weightDecay * parameters[i];
    firstMoment[i] = beta1 * firstMoment[i] + (1 - beta1) * gradient;
    secondMoment[i] = beta2 * secondMoment[i] + (1 - beta2) * gradient ** 2;
    const corrected = firstMoment[i] / (1 - beta1 ** step);
    parameters[i] -= learningRate * corrected / (Math.sqrt(secondMoment[i] / (1 - beta2 ** step)) + eps);
  }
}

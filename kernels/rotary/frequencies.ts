/** How the frequencies of rotary positions are stretched, so that a model reads longer texts than it was first trained on. */
export type RotaryScaling =
  /** Every frequency divided by the factor: position interpolation (Chen et al. 2023, arXiv 2306.15595). */
  | { readonly type: "linear"; readonly factor: number }
  /**
   * As LLaMA 3.1 and later. With r = originalPositions · frequency / 2π, the turns of a pair in a text of the first training: pairs of
   * more than `highFrequencyFactor` turns are kept, those of fewer than `lowFrequencyFactor` are divided by the factor, and between
   * the two the frequency goes linearly in r from the one to the other.
   */
  | {
    readonly type: "llama3";
    readonly factor: number;
    readonly lowFrequencyFactor: number;
    readonly highFrequencyFactor: number;
    readonly originalPositions: number;
  };

export interface RotaryBase {
  readonly headSize: number;
  /** Base of the frequencies: pair i turns by theta^(−2i / D) radians per position, before they are scaled. */
  readonly theta: number;
  /** Default: not at all. */
  readonly scaling?: RotaryScaling;
}

/** The radians by which each pair of a head turns per position, `"D/2"`. */
export function rotaryFrequencies({ headSize, theta, scaling }: RotaryBase): Float64Array {
  return Float64Array.from({ length: headSize / 2 }, (_, i) => scaled(theta ** (-2 * i / headSize), scaling));
}

function scaled(frequency: number, scaling?: RotaryScaling): number {
  if (!scaling) return frequency;
  const divided = frequency / scaling.factor;
  if (scaling.type === "linear") return divided;
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const turns = originalPositions * frequency / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return kept * frequency + (1 - kept) * divided;
}

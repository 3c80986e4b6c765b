import { axisSizes } from "../runtime/axes.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./adamw.wgsl" with { type: "text" };

const unscaledKernel = defineElementwise("adamW", wgsl, "unscaled");
const scaledKernel = defineElementwise("adamW.scaled", wgsl, "scaled");

/** What a step reads and updates; each is flat, `"N"`. All but `gradients` change in place. */
export interface AdamWState {
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the corrected second moment. */
  readonly eps: number;
  readonly weightDecay: number;
  /** The first `decayedCount` elements are decayed; the rest (biases, norms) are not. */
  readonly decayedCount: number;
  /** The number of this update, from 1. */
  readonly step: number;
}

/**
 * One update of AdamW (Loshchilov & Hutter 2019), as PyTorch computes it: decay by `learningRate · weightDecay`, then
 * `p −= learningRate · m̂ / (√v̂ + eps)` with the bias-corrected moments m̂ and v̂. One dispatch.
 *
 * @param gradScale `"1"`: multiplies the gradients as they are read, such as the clip factor of `clipScale`
 * @throws {RangeError} if the sizes differ, or `step` or `decayedCount` is out of range
 */
export function adamW(gpu: Gpu, state: AdamWState, settings: AdamWSettings, gradScale?: Tensor): void {
  const { N: size } = axisSizes("adamW", AXES, { ...state, ...(gradScale && { gradScale }) });
  const { learningRate, beta1, beta2, eps, weightDecay, decayedCount, step } = settings;
  if (!(Number.isInteger(step) && step >= 1)) throw new RangeError(`Cannot run adamW: step is ${step}, not 1 or more`);
  if (!(Number.isInteger(decayedCount) && decayedCount >= 0 && decayedCount <= size)) {
    throw new RangeError(`Cannot run adamW: decayedCount is ${decayedCount}, not from 0 to ${size}`);
  }
  const vecs = Math.ceil(size / 4);
  gpu.dispatch(gradScale ? scaledKernel : unscaledKernel, {
    bindings: { ...state, ...(gradScale && { gradScale }) },
    params: {
      vecs,
      decayedCount,
      decay: 1 - learningRate * weightDecay,
      beta1,
      gradientShare: 1 - beta1,
      beta2,
      squareShare: 1 - beta2,
      stepSize: learningRate / (1 - beta1 ** step),
      secondScale: 1 / Math.sqrt(1 - beta2 ** step),
      eps,
    },
    ...elementwiseGrid(gpu, vecs, 1), // several items would hold too much in registers
  });
}

const AXES = { parameters: "N", gradients: "N", firstMoment: "N", secondMoment: "N", gradScale: "1" };

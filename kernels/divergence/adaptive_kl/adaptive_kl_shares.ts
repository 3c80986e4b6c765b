import { defineVocabKernel } from "../../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../../runtime/row_kernel.ts";
import { axisSizes } from "../../runtime/axes.ts";
import type { Gpu } from "../../runtime/gpu.ts";
import type { Tensor } from "../../runtime/tensor.ts";
import wgsl from "./adaptive_kl_shares.wgsl" with { type: "text" };

const kernel = defineVocabKernel("adaptiveKlShares", wgsl);

/** The most reads of a row: two, the halvings that find the threshold, and one for the rounds of their loop. */
const MAX_PASSES = 2 + 160 + 1;

/** Logits, `"N V"` each. */
export interface AdaptiveKlTensors {
  readonly student: Tensor;
  readonly teacher: Tensor;
}

export interface AdaptiveKlSettings {
  /** The probability mass of the head of the teacher's distribution, between 0 and 1; the paper takes 0.5. */
  readonly headMass: number;
}

/**
 * g_head / (g_head + g_tail) of every row, `"N"`, in [0, 1]: the weight of forwardKl in the adaptive Kullback-Leibler
 * divergence, in which reverseKl has the remaining weight (AKL, Wu et al. 2024, arXiv 2404.02657). g is Σ |p − q|, p of the teacher
 * and q of the student, over the head of the vocabulary and over its tail. The head is the smallest set of the
 * teacher's likeliest tokens whose mass reaches `headMass`; tokens with equal logits are in it together. (The
 * authors' code leaves out the token that reaches it, unless it is the first.) Where both g are 0 the weight is 1/2.
 * Not differentiable: the weights are constants of a step.
 *
 * @throws {RangeError} if shapes disagree or `headMass` is out of range
 */
export function adaptiveKlShares(
  gpu: Gpu,
  tensors: AdaptiveKlTensors,
  { headMass }: AdaptiveKlSettings,
): Tensor {
  const { N: rows, V: vocabSize } = axisSizes("adaptiveKlShares", AXES, { ...tensors });
  if (!(headMass > 0 && Math.fround(headMass) < 1)) {
    throw new RangeError(`Cannot run adaptiveKlShares: headMass is ${headMass}, not between 0 and 1`);
  }
  const shares = gpu.allocate([rows]);
  const lowest = Math.log((1 - headMass) / (2 * vocabSize));
  dispatchRows(gpu, kernel, tensors.student.shape, { ...tensors, shares }, { headMass, lowest }, MAX_PASSES);
  return shares;
}

const AXES = { student: "N V", teacher: "N V" };

import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import { axisSizes } from "../runtime/axes.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./log_mixture.wgsl" with { type: "text" };

const kernel = defineVocabKernel("logMixture", wgsl);
const AXES = { first: "N V", second: "N V" };
/** Stands for log 0, so that the kernel need not handle infinity. */
const LOG_OF_NOTHING = -1e30;

/**
 * log((1 − weight) softmax(first) + weight softmax(second)) of every row: logits whose softmax is the mixture of two policies,
 * `"N V"` each. Forward only.
 *
 * @throws {RangeError} if the shapes differ or the weight is not from 0 to 1
 */
export function logMixture(
  gpu: Gpu,
  tensors: { readonly first: Tensor; readonly second: Tensor },
  weight: number,
): Tensor {
  axisSizes("logMixture", AXES, tensors);
  if (!(weight >= 0 && weight <= 1)) {
    throw new RangeError(`Cannot run logMixture: weight is ${weight} but must be from 0 to 1`);
  }
  const out = gpu.allocate(tensors.first.shape);
  dispatchRows(gpu, kernel, out.shape, { ...tensors, out }, {
    firstLogWeight: weight < 1 ? Math.log1p(-weight) : LOG_OF_NOTHING,
    secondLogWeight: weight > 0 ? Math.log(weight) : LOG_OF_NOTHING,
  });
  return out;
}

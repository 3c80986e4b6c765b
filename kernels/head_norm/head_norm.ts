import type { HeadLayout } from "../attention/attention.ts";
import { defineColumnKernel, sumShares } from "../column_sum/column_kernel.ts";
import { totalOf } from "../column_sum/column_sum.ts";
import type { Op } from "../op.ts";
import type { RmsNormAttrs } from "../rms_norm/rms_norm.ts";
import { defineRowKernel, dispatchRows } from "../runtime/row_kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { headNormReference } from "./head_norm_reference.ts";
import wgsl from "./head_norm.wgsl" with { type: "text" };
import weightWgsl from "./head_norm_weight.wgsl" with { type: "text" };

const forwardKernel = defineRowKernel("headNorm", wgsl, "forward");
const backwardXKernel = defineRowKernel("headNorm.dX", wgsl, "backwardX");
const backwardWeightKernel = defineColumnKernel("headNorm.dWeight", weightWgsl);

export type HeadNormAttrs = HeadLayout & RmsNormAttrs;

/**
 * The root-mean-square norm of every query and every key head of packed queries, keys and values, P = (H + 2 Hkv) D, as in Qwen3
 * (arXiv 2505.09388, section 2) and Gemma 3: x / sqrt(mean_D(x²) + eps) · (offset + weight), with one weight for all query heads and one
 * for all key heads. Value heads are copied.
 */
export const headNorm: Op<"x" | "queryWeight" | "keyWeight", HeadNormAttrs, "inverseRms"> = {
  name: "headNorm",
  axes: { x: "B T P", queryWeight: "D", keyWeight: "D", out: "B T P" },
  differentiable: ["x", "queryWeight", "keyWeight"],

  /** @throws {RangeError} if P or D does not fit the heads */
  forward(gpu, { x, queryWeight, keyWeight }, attrs) {
    const rows = headRows(x, queryWeight, attrs);
    const out = gpu.allocate(x.shape);
    const inverseRms = gpu.allocate([rows.shape[0]]);
    dispatchRows(gpu, forwardKernel, rows.shape, { x, queryWeight, keyWeight, out, inverseRms }, rows.params);
    return { out, saved: { inverseRms } };
  },

  backward(
    gpu,
    dOut,
    { inputs: { x, queryWeight, keyWeight }, saved: { inverseRms: savedInverseRms }, attrs, wanted },
  ) {
    const { numHeads, numKvHeads, headSize } = attrs;
    const dX = wanted.has("x") ? gpu.allocate(x.shape) : undefined;
    const { shape: [rows], shape, params } = headRows(x, queryWeight, attrs);
    if (dX) {
      dispatchRows(gpu, backwardXKernel, shape, { x, queryWeight, keyWeight, dOut, savedInverseRms, dX }, params);
    }
    const heads = numHeads + 2 * numKvHeads;
    const ofHeads = (firstHead: number, groupHeads: number) => {
      const group = [rows / heads * groupHeads, headSize];
      const inputs = { x, dOut, savedInverseRms };
      const places = { heads, firstHead, groupHeads };
      return totalOf(gpu, sumShares(gpu, backwardWeightKernel, group, inputs, ["dWeight"], places).dWeight);
    };
    return {
      x: dX,
      queryWeight: wanted.has("queryWeight") ? ofHeads(0, numHeads) : undefined,
      keyWeight: wanted.has("keyWeight") ? ofHeads(numHeads, numKvHeads) : undefined,
    };
  },

  reference: headNormReference,
};

/** Every head of every token as a row, and what the kernels need to know of them. */
function headRows(x: Tensor, { shape: [size] }: Tensor, attrs: HeadNormAttrs) {
  const { numHeads, numKvHeads, headSize, eps, offset = 0 } = attrs;
  const [batch, tokens, packed] = x.shape;
  const heads = numHeads + 2 * numKvHeads;
  if (packed !== heads * headSize || size !== headSize) {
    throw new RangeError(
      `Cannot run headNorm: P is ${packed} and D ${size} for ${numHeads} heads and ${numKvHeads} key heads of size ${headSize}; ` +
        `they must be (heads + 2 key heads) * size, and the size`,
    );
  }
  return {
    shape: [batch * tokens * heads, headSize],
    params: { size: headSize, eps, offset, heads, queryHeads: numHeads, normedHeads: numHeads + numKvHeads },
  };
}

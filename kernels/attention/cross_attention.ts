import type { Op } from "../op.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { attend, attendBackward, type AttentionShape, defineAttention } from "./attention_kernels.ts";
import { crossAttentionReference } from "./cross_attention_reference.ts";

const kernels = defineAttention("crossAttention", "span", "none");

export interface CrossAttentionAttrs {
  readonly numHeads: number;
  readonly headSize: number;
}

/**
 * Attention from the tokens of one text to those of another, softmax(q kᵀ) v (Vaswani et al. 2017), as in T5: scores are not divided by √D. Keys
 * and values come packed side by side, K = 2 H D. `spans` gives the first token and end of each row's source: tokens outside are padding
 * that no query attends to; a row without any source token gives zeros. The head size must be a multiple of 4.
 */
export const crossAttention: Op<"queries" | "keyValues" | "spans", CrossAttentionAttrs, "logSumExp"> = {
  name: "crossAttention",
  axes: { queries: "B T C", keyValues: "B S K", spans: "B 2", out: "B T C" },
  differentiable: ["queries", "keyValues"],
  integers: ["spans"],

  forward: (gpu, inputs, attrs) => attend(gpu, kernels, inputs, shapeOf(inputs, attrs)),

  backward(gpu, dOut, { inputs, out, saved: { logSumExp }, attrs }) {
    const dQueries = gpu.allocate(inputs.queries.shape);
    const dKeyValues = gpu.allocate(inputs.keyValues.shape);
    attendBackward(gpu, kernels, inputs, { out, logSumExp, dOut }, { dQueries, dKeyValues }, shapeOf(inputs, attrs));
    return { queries: dQueries, keyValues: dKeyValues };
  },

  reference: crossAttentionReference,
};

function shapeOf(
  { queries, keyValues }: Readonly<Record<"queries" | "keyValues", Tensor>>,
  { numHeads, headSize }: CrossAttentionAttrs,
): AttentionShape {
  const heads = numHeads * headSize;
  const [batch, queryTokens, width] = queries.shape;
  const [, keyTokens, packed] = keyValues.shape;
  if (headSize % 4 !== 0 || width !== heads || packed !== 2 * heads) {
    throw new RangeError(
      `Cannot run crossAttention: C is ${width} and K is ${packed} for ${numHeads} heads of size ${headSize}; they must be ` +
        `heads * size and twice that, with a size that is a multiple of 4`,
    );
  }
  return {
    batch,
    queryTokens,
    keyTokens,
    numHeads,
    numKvHeads: numHeads,
    headSize,
    scale: 1,
    queryStride: heads,
    keyStride: packed,
    keyOffset: 0,
    valueOffset: heads,
  };
}

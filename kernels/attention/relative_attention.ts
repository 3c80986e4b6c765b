import type { Op } from "../op.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { packedShape } from "./attention.ts";
import { attend, attendBackward, defineAttention, QUERIES_OF_BLOCK } from "./attention_kernels.ts";
import { relativeAttentionReference } from "./relative_attention_reference.ts";
import wgsl from "./relative_bias.wgsl" with { type: "text" };

const kernels = {
  causal: defineAttention("relativeAttention.causal", "causal", "offset"),
  bidirectional: defineAttention("relativeAttention", "span", "offset"),
};
const expandKernel = defineElementwise("relativeBias.expand", wgsl, "expand");
const sumOffsetsKernel = defineElementwise("relativeBias.dOffsets", wgsl, "sumOffsets");
const sumBucketsKernel = defineElementwise("relativeBias.dBias", wgsl, "sumBuckets");

export interface RelativeAttentionAttrs {
  readonly numHeads: number;
  readonly headSize: number;
  /** Whether later tokens are hidden, as in a decoder. */
  readonly causal: boolean;
}

/**
 * Self-attention with a learned bias for the distance, softmax(q kᵀ + b) v with b = bias[buckets[key − query + T − 1], h] (Raffel et al.
 * 2020, arXiv 1910.10683, section 2.1), as in T5: scores are not divided by √D. Queries, keys and values come packed side by side,
 * P = 3 H D. `spans` gives each row's first token and end: tokens outside are padding that no query attends to. `buckets` gives the row
 * of `bias` for each of the O = 2T − 1 offsets, −(T − 1) first.
 */
export const relativeAttention: Op<
  "qkv" | "spans" | "bias" | "buckets",
  RelativeAttentionAttrs,
  "logSumExp" | "offsetBias"
> = {
  name: "relativeAttention",
  axes: { qkv: "B T P", spans: "B 2", bias: "R H", buckets: "O", out: "B T C" },
  differentiable: ["qkv", "bias"],
  integers: ["spans", "buckets"],

  forward(gpu, { qkv, spans, bias, buckets }, attrs) {
    const shape = shapeOf(qkv, attrs);
    const offsets = 2 * shape.queryTokens - 1;
    if (buckets.shape[0] !== offsets || bias.shape[1] !== attrs.numHeads) {
      throw new RangeError(
        `Cannot run relativeAttention: ${buckets.shape[0]} buckets and a bias of ${bias.shape[1]} heads for ` +
          `${shape.queryTokens} tokens and ${attrs.numHeads} heads; there must be ${offsets} buckets and a bias of every head`,
      );
    }
    const offsetBias = gpu.allocate([attrs.numHeads, offsets]);
    gpu.dispatch(expandKernel, {
      bindings: { bias, buckets, offsetBias },
      params: biasParams(shape.batch, qkv, bias, attrs),
      ...elementwiseGrid(gpu, attrs.numHeads * offsets),
    });
    const { out, saved } = attend(gpu, kernelsOf(attrs), { queries: qkv, keyValues: qkv, spans, offsetBias }, shape);
    return { out, saved: { ...saved, offsetBias } };
  },

  backward(gpu, dOut, context) {
    const { inputs: { qkv, spans, bias, buckets }, out, saved: { logSumExp, offsetBias }, attrs } = context;
    const shape = shapeOf(qkv, attrs);
    const { batch, queryTokens, keyTokens, numHeads } = shape;
    const dQkv = gpu.allocate(qkv.shape);
    const blocks = Math.ceil(queryTokens / QUERIES_OF_BLOCK);
    const dDiagonals = gpu.allocate([batch * numHeads * blocks, keyTokens + 7]);
    attendBackward(
      gpu,
      kernelsOf(attrs),
      { queries: qkv, keyValues: qkv, spans, offsetBias },
      { out, logSumExp, dOut },
      { dQueries: dQkv, dKeyValues: dQkv, dDiagonals },
      shape,
    );
    const dBias = context.wanted.has("bias")
      ? sumDiagonals(gpu, { dDiagonals, spans, buckets, bias, qkv }, attrs)
      : undefined;
    gpu.release(dDiagonals);
    return { qkv: dQkv, ...(dBias ? { bias: dBias } : {}) };
  },

  reference: relativeAttentionReference,
};

/** The gradient of the bias: summed over all pairs of an offset, then over the offsets of a bucket. */
function sumDiagonals(
  gpu: Gpu,
  { dDiagonals, spans, buckets, bias, qkv }: Record<"dDiagonals" | "spans" | "buckets" | "bias" | "qkv", Tensor>,
  attrs: RelativeAttentionAttrs,
): Tensor {
  const [batch, tokens] = qkv.shape;
  const params = biasParams(batch, qkv, bias, attrs);
  const rounds = loopRounds(batch, loopRounds(Math.ceil(tokens / QUERIES_OF_BLOCK)));
  requireLoopRounds(gpu, "relativeAttention", `${batch} texts of ${tokens} tokens`, rounds);
  const dOffsetBias = gpu.allocate([attrs.numHeads, buckets.shape[0]]);
  gpu.dispatch(sumOffsetsKernel, {
    bindings: { spans, dDiagonals, dOffsetBias },
    params,
    ...elementwiseGrid(gpu, attrs.numHeads * buckets.shape[0], 1),
  });
  const dBias = gpu.allocate(bias.shape);
  gpu.dispatch(sumBucketsKernel, {
    bindings: { buckets, summedOffsets: dOffsetBias, dBias },
    params,
    ...elementwiseGrid(gpu, bias.shape[0] * bias.shape[1], 1),
  });
  gpu.release(dOffsetBias);
  return dBias;
}

function kernelsOf({ causal }: RelativeAttentionAttrs) {
  return causal ? kernels.causal : kernels.bidirectional;
}

function shapeOf(qkv: Tensor, { numHeads, headSize }: RelativeAttentionAttrs) {
  return packedShape(qkv, { numHeads, numKvHeads: numHeads, headSize }, 1);
}

function biasParams(batch: number, qkv: Tensor, bias: Tensor, { numHeads, causal }: RelativeAttentionAttrs) {
  return { batch, tokens: qkv.shape[1], heads: numHeads, numBuckets: bias.shape[0], causal: Number(causal) };
}

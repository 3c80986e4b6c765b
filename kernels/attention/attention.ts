import type { Op } from "../op.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { attend, attendBackward, type AttentionShape, defineAttention } from "./attention_kernels.ts";
import { type AttentionAttrs, attentionReference, type HeadLayout } from "./attention_reference.ts";

export type { AttentionAttrs, HeadLayout } from "./attention_reference.ts";

const causalKernels = defineAttention("attention", "causal", "none");
const windowKernels = defineAttention("attention.window", "window", "none");

/**
 * Causal attention with a padding mask and grouped-query heads, softmax(q kᵀ / √D) v (Vaswani et al. 2017). Queries, keys and
 * values come packed side by side, P = (H + 2 Hkv) D, as one projection writes them. `spans` gives each row's first token and
 * end: tokens outside are padding that no query attends to; a query that sees no token gives zeros. Of the scores only their
 * log-sum-exp, `"B H T"`, is kept for backward. The head size must be a multiple of 4.
 *
 * With a window a query sees the last tokens only (Beltagy et al. 2020, arXiv 2004.05150); the time is that of all tokens.
 */
export const attention: Op<"qkv" | "spans", AttentionAttrs, "logSumExp"> = {
  name: "attention",
  axes: { qkv: "B T P", spans: "B 2", out: "B T C" },
  differentiable: ["qkv"],
  integers: ["spans"],

  forward(gpu, { qkv, spans }, attrs) {
    const { kernels, shape } = windowed(qkv, attrs);
    return attend(gpu, kernels, { queries: qkv, keyValues: qkv, spans }, shape);
  },

  backward(gpu, dOut, { inputs: { qkv, spans }, out, saved: { logSumExp }, attrs }) {
    const { kernels, shape } = windowed(qkv, attrs);
    const dQkv = gpu.allocate(qkv.shape);
    attendBackward(
      gpu,
      kernels,
      { queries: qkv, keyValues: qkv, spans },
      { out, logSumExp, dOut },
      { dQueries: dQkv, dKeyValues: dQkv },
      shape,
    );
    return { qkv: dQkv };
  },

  reference: attentionReference,
};

/** A window as wide as the text is none. */
function windowed(qkv: Tensor, { scale, window = Infinity, ...layout }: AttentionAttrs) {
  const shape = packedShape(qkv, layout, scale);
  return window < shape.keyTokens
    ? { kernels: windowKernels, shape: { ...shape, window } }
    : { kernels: causalKernels, shape };
}

/** Queries, keys and values of a text side by side; scores are divided by √D unless a scale is given. */
export function packedShape(qkv: Tensor, layout: HeadLayout, scale = 1 / Math.sqrt(layout.headSize)): AttentionShape {
  const [batch, tokens] = checkPacked(qkv, layout);
  const { numHeads, numKvHeads, headSize } = layout;
  const stride = qkv.shape[2];
  return {
    batch,
    queryTokens: tokens,
    keyTokens: tokens,
    numHeads,
    numKvHeads,
    headSize,
    scale,
    queryStride: stride,
    keyStride: stride,
    keyOffset: numHeads * headSize,
    valueOffset: (numHeads + numKvHeads) * headSize,
  };
}

/** The batch and token count of a packed projection, once it is checked against the layout of its heads. */
export function checkPacked(qkv: Tensor, { numHeads, numKvHeads, headSize }: HeadLayout): [number, number] {
  const [batch, tokens, packed] = qkv.shape;
  if (headSize % 4 !== 0 || numHeads % numKvHeads !== 0 || packed !== (numHeads + 2 * numKvHeads) * headSize) {
    throw new RangeError(
      `Cannot run attention: P is ${packed} for ${numHeads} heads and ${numKvHeads} key heads of size ${headSize}; it must be ` +
        `(heads + 2 key heads) * size, with a size that is a multiple of 4 and key heads that divide the heads`,
    );
  }
  return [batch, tokens];
}

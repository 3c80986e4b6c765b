import type { Array64, Named } from "../op.ts";
import { attendReference } from "./attend_reference.ts";
import type { RelativeAttentionAttrs } from "./relative_attention.ts";

/** softmax(q kᵀ + bias of the offset's bucket) v over the tokens of each row's span, head by head in float64. */
export function relativeAttentionReference(
  { qkv, spans, bias, buckets }: Named<"qkv" | "spans" | "bias" | "buckets", Array64>,
  { numHeads, headSize, causal }: RelativeAttentionAttrs,
): Array64 {
  const [batch, tokens, packed] = qkv.shape;
  const part = (b: number, t: number, h: number, which: number) => {
    const at = (b * tokens + t) * packed + (which * numHeads + h) * headSize;
    return qkv.data.subarray(at, at + headSize);
  };
  const data = attendReference({ batch, queryTokens: tokens, numHeads, headSize, spans }, {
    query: (b, t, h) => part(b, t, h, 0),
    key: (b, s, h) => part(b, s, h, 1),
    value: (b, s, h) => part(b, s, h, 2),
    bias: (t, s, h) => bias.data[buckets.data[s - t + tokens - 1] * numHeads + h],
    sees: (t, s) => !causal || s <= t,
  });
  return { shape: [batch, tokens, numHeads * headSize], data };
}

import type { Array64, Named } from "../op.ts";
import { attendReference } from "./attend_reference.ts";
import type { CrossAttentionAttrs } from "./cross_attention.ts";

/** softmax(q kᵀ) v over the source tokens of each row's span, head by head in float64. */
export function crossAttentionReference(
  { queries, keyValues, spans }: Named<"queries" | "keyValues" | "spans", Array64>,
  { numHeads, headSize }: CrossAttentionAttrs,
): Array64 {
  const [batch, queryTokens, width] = queries.shape;
  const keyTokens = keyValues.shape[1];
  const ofSource = (b: number, s: number, h: number, which: number) => {
    const at = (b * keyTokens + s) * 2 * width + which * width + h * headSize;
    return keyValues.data.subarray(at, at + headSize);
  };
  const data = attendReference({ batch, queryTokens, numHeads, headSize, spans }, {
    query: (b, t, h) => {
      const at = (b * queryTokens + t) * width + h * headSize;
      return queries.data.subarray(at, at + headSize);
    },
    key: (b, s, h) => ofSource(b, s, h, 0),
    value: (b, s, h) => ofSource(b, s, h, 1),
    bias: () => 0,
    sees: () => true,
  });
  return { shape: [batch, queryTokens, width], data };
}

import type { Array64, Named } from "../op.ts";

export interface HeadLayout {
  readonly numHeads: number;
  /** Key and value heads; each serves numHeads / numKvHeads query heads (grouped-query attention). */
  readonly numKvHeads: number;
  readonly headSize: number;
}

export interface AttentionAttrs extends HeadLayout {
  /** Factor of the scores; default 1 / √D. */
  readonly scale?: number;
  /** How many tokens a query sees at most, its own included; default all that do not come later. */
  readonly window?: number;
}

/** softmax(scale q kᵀ) v over the tokens of each row's span that a query sees, head by head in float64. */
export function attentionReference({ qkv, spans }: Named<"qkv" | "spans", Array64>, attrs: AttentionAttrs): Array64 {
  const { numHeads, numKvHeads, headSize, scale = 1 / Math.sqrt(headSize), window = Infinity } = attrs;
  const [batch, tokens, packed] = qkv.shape;
  const data = new Float64Array(batch * tokens * numHeads * headSize);
  const at = (b: number, t: number, head: number) => (b * tokens + t) * packed + head * headSize;
  for (let b = 0; b < batch; b++) {
    const [first, end] = [spans.data[2 * b], spans.data[2 * b + 1]];
    for (let h = 0; h < numHeads; h++) {
      const kvHead = Math.floor(h * numKvHeads / numHeads);
      for (let t = 0; t < tokens; t++) {
        const scores: number[] = [];
        const start = Math.max(first, t - window + 1);
        for (let s = start; s <= t && s < end; s++) {
          let dot = 0;
          for (let d = 0; d < headSize; d++) {
            dot += qkv.data[at(b, t, h) + d] * qkv.data[at(b, s, numHeads + kvHead) + d];
          }
          scores.push(dot * scale);
        }
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        weights.forEach((weight, i) => {
          const value = at(b, start + i, numHeads + numKvHeads + kvHead);
          for (let d = 0; d < headSize; d++) {
            data[((b * tokens + t) * numHeads + h) * headSize + d] += weight / total * qkv.data[value + d];
          }
        });
      }
    }
  }
  return { shape: [batch, tokens, numHeads * headSize], data };
}

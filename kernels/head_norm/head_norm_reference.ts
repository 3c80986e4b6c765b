import type { HeadLayout } from "../attention/attention.ts";
import type { Array64, Named } from "../op.ts";

/** x / sqrt(mean(x²) + eps) · (offset + weight) of every query and key head, in float64; value heads as they are. */
export function headNormReference(
  { x, queryWeight, keyWeight }: Named<"x" | "queryWeight" | "keyWeight", Array64>,
  { numHeads, numKvHeads, headSize, eps, offset = 0 }: HeadLayout & { readonly eps: number; readonly offset?: number },
): Array64 {
  const data = x.data.slice();
  const heads = numHeads + 2 * numKvHeads;
  for (let row = 0; row < data.length / headSize; row++) {
    const head = row % heads;
    if (head >= numHeads + numKvHeads) continue;
    const weight = head < numHeads ? queryWeight : keyWeight;
    const values = x.data.subarray(row * headSize, (row + 1) * headSize);
    const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / headSize + eps);
    values.forEach((value, d) => data[row * headSize + d] = value / rms * (offset + weight.data[d]));
  }
  return { shape: x.shape, data };
}

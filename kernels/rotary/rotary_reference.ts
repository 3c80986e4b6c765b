import type { HeadLayout } from "../attention/attention.ts";
import type { Array64, Named } from "../op.ts";
import { type RotaryBase, rotaryFrequencies } from "./frequencies.ts";

/** Every pair (i, i + D/2) of a query or key head turned by position · frequency, in float64. */
export function rotaryReference(
  { x, positions }: Named<"x" | "positions", Array64>,
  { numHeads, numKvHeads, headSize, theta, scaling }: HeadLayout & RotaryBase,
): Array64 {
  const half = headSize / 2;
  const frequencies = rotaryFrequencies({ headSize, theta, scaling });
  const heads = numHeads + 2 * numKvHeads;
  const data = x.data.slice();
  positions.data.forEach((position, token) => {
    for (let head = 0; head < numHeads + numKvHeads; head++) {
      for (let i = 0; i < half; i++) {
        const at = (token * heads + head) * headSize + i;
        const angle = position * frequencies[i];
        const [first, second] = [x.data[at], x.data[at + half]];
        data[at] = first * Math.cos(angle) - second * Math.sin(angle);
        data[at + half] = second * Math.cos(angle) + first * Math.sin(angle);
      }
    }
  });
  return { shape: x.shape, data };
}

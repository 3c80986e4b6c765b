import { geluReference } from "../gelu/gelu_reference.ts";
import type { Array64, Named } from "../op.ts";

/** gelu(gate) · up, the gate in the first half of each row, up in the second, in float64. */
export function gegluReference({ x }: Named<"x", Array64>): Array64 {
  const [rows, packed] = x.shape;
  const size = packed / 2;
  const gates = geluReference({ x }, { approximation: "tanh" });
  const data = Float64Array.from({ length: rows * size }, (_, i) => {
    const at = Math.floor(i / size) * packed + i % size;
    return gates.data[at] * x.data[at + size];
  });
  return { shape: [rows, size], data };
}

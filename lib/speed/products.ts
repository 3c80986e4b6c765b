import { matmul } from "#kernels/matmul/matmul.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { disposing, ramp } from "./tensors.ts";
import type { Work } from "./work.ts";

/** A product `"M K"` × `"K N"`; the layout says which of the two is stored transposed (T). */
export interface ProductSize {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly layout?: "NN" | "NT" | "TN";
}

export function productWork(gpu: Gpu, { m, k, n, layout = "NN" }: ProductSize): Work {
  const [transposeA, transposeB] = [layout[0] === "T", layout[1] === "T"];
  const a: Tensor = ramp(gpu, transposeA ? [k, m] : [m, k]);
  const b: Tensor = ramp(gpu, transposeB ? [n, k] : [k, n]);
  return {
    size: { flops: 2 * m * k * n },
    run: () => gpu.release(matmul(gpu, a, b, { transposeA, transposeB })),
    ...disposing(gpu, [a, b]),
  };
}

import { matmul } from "../matmul/matmul.ts";
import type { Op } from "../op.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { linearReference } from "./linear_reference.ts";

/**
 * x Wᵀ with the first `rows` rows of W alone, `"N V"` with V = rows: an output head over the ids that a tokenizer has, of a table with
 * more rows than that. The gradient of the rows left out is 0.
 */
export const linearOfFirstRows: Op<"x" | "weight", { readonly rows: number }> = {
  name: "linearOfFirstRows",
  axes: { x: "N I", weight: "O I", out: "N V" },
  differentiable: ["x", "weight"],
  forward: (gpu, { x, weight }, { rows }) => {
    return { out: matmul(gpu, x, firstRows(weight, rows), { transposeB: true }), saved: {} };
  },
  backward(gpu, dOut, { inputs: { x, weight }, attrs: { rows }, wanted }) {
    const dX = wanted.has("x") ? matmul(gpu, dOut, firstRows(weight, rows)) : undefined;
    if (!wanted.has("weight")) return { x: dX };
    const dRows = matmul(gpu, dOut, x, { transposeA: true });
    const dWeight = gpu.allocate(weight.shape);
    gpu.clear(dWeight);
    gpu.copy(dRows, firstRows(dWeight, rows));
    gpu.release(dRows);
    return { x: dX, weight: dWeight };
  },
  reference({ x, weight }, { rows }) {
    const [, inputs] = weight.shape;
    return linearReference(x, { shape: [rows, inputs], data: weight.data.subarray(0, rows * inputs) }, true);
  },
};

function firstRows(weight: Tensor, rows: number): Tensor {
  const [all, inputs] = weight.shape;
  if (!(rows >= 1 && rows <= all)) throw new RangeError(`Cannot take the first ${rows} rows of [${weight.shape}]`);
  return { ...weight, shape: [rows, inputs] };
}

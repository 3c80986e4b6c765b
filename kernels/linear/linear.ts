import { columnSum } from "../column_sum/column_sum.ts";
import { matmul } from "../matmul/matmul.ts";
import type { Op } from "../op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { linearReference } from "./linear_reference.ts";

type NoAttrs = Record<never, never>;

/** x Wᵀ: a linear layer without a bias; weights have PyTorch's layout. */
export const linear: Op<"x" | "weight", NoAttrs> = {
  name: "linear",
  axes: { x: "N I", weight: "O I", out: "N O" },
  differentiable: ["x", "weight"],
  forward: (gpu, { x, weight }) => ({ out: matmul(gpu, x, weight, { transposeB: true }), saved: {} }),
  backward: (gpu, dOut, { inputs, wanted }) => gradients(gpu, dOut, inputs, wanted, true),
  reference: ({ x, weight }) => linearReference(x, weight, true),
};

/** x Wᵀ + r: what a linear layer adds to a residual stream. */
export const linearResidual: Op<"x" | "weight" | "residual", NoAttrs> = {
  name: "linearResidual",
  axes: { x: "N I", weight: "O I", residual: "N O", out: "N O" },
  differentiable: ["x", "weight", "residual"],
  forward: (gpu, { x, weight, residual }) => {
    return { out: matmul(gpu, x, weight, { transposeB: true, residual }), saved: {} };
  },
  backward: (gpu, dOut, { inputs, wanted }) => gradients(gpu, dOut, inputs, wanted, true),
  reference: ({ x, weight, residual }) => linearReference(x, weight, true, { residual }),
};

/** x Wᵀ + b: a linear layer; weights have PyTorch's layout. */
export const linearWithBias: Op<"x" | "weight" | "bias", NoAttrs> = {
  name: "linearWithBias",
  axes: { x: "N I", weight: "O I", bias: "O", out: "N O" },
  differentiable: ["x", "weight", "bias"],
  forward: (gpu, { x, weight, bias }) => ({ out: matmul(gpu, x, weight, { transposeB: true, bias }), saved: {} }),
  backward: (gpu, dOut, { inputs, wanted }) => gradients(gpu, dOut, inputs, wanted, true),
  reference: ({ x, weight, bias }) => linearReference(x, weight, true, { bias }),
};

/** x Wᵀ + b + r: what a linear layer with a bias adds to a residual stream. */
export const linearWithBiasResidual: Op<"x" | "weight" | "bias" | "residual", NoAttrs> = {
  name: "linearWithBiasResidual",
  axes: { x: "N I", weight: "O I", bias: "O", residual: "N O", out: "N O" },
  differentiable: ["x", "weight", "bias", "residual"],
  forward: (gpu, { x, weight, bias, residual }) => {
    return { out: matmul(gpu, x, weight, { transposeB: true, bias, residual }), saved: {} };
  },
  backward: (gpu, dOut, { inputs, wanted }) => gradients(gpu, dOut, inputs, wanted, true),
  reference: ({ x, weight, bias, residual }) => linearReference(x, weight, true, { bias, residual }),
};

/** x W + b: GPT-2's `Conv1D`, whose weights are transposed. */
export const conv1d: Op<"x" | "weight" | "bias", NoAttrs> = {
  name: "conv1d",
  axes: { x: "N I", weight: "I O", bias: "O", out: "N O" },
  differentiable: ["x", "weight", "bias"],
  forward: (gpu, { x, weight, bias }) => ({ out: matmul(gpu, x, weight, { bias }), saved: {} }),
  backward: (gpu, dOut, { inputs, wanted }) => gradients(gpu, dOut, inputs, wanted, false),
  reference: ({ x, weight, bias }) => linearReference(x, weight, false, { bias }),
};

/** x W + b + r: what `Conv1D` adds to a residual stream. */
export const conv1dResidual: Op<"x" | "weight" | "bias" | "residual", NoAttrs> = {
  name: "conv1dResidual",
  axes: { x: "N I", weight: "I O", bias: "O", residual: "N O", out: "N O" },
  differentiable: ["x", "weight", "bias", "residual"],
  forward: (gpu, { x, weight, bias, residual }) => ({ out: matmul(gpu, x, weight, { bias, residual }), saved: {} }),
  backward: (gpu, dOut, { inputs, wanted }) => gradients(gpu, dOut, inputs, wanted, false),
  reference: ({ x, weight, bias, residual }) => linearReference(x, weight, false, { bias, residual }),
};

/** dX = dOut W and dW = dOutᵀ x for weights `"O I"`; dX = dOut Wᵀ and dW = xᵀ dOut for weights `"I O"`. */
function gradients(
  gpu: Gpu,
  dOut: Tensor,
  { x, weight }: { readonly x: Tensor; readonly weight: Tensor },
  wanted: ReadonlySet<string>,
  outputsFirst: boolean,
): { x?: Tensor; weight?: Tensor; bias?: Tensor; residual?: Tensor } {
  const [left, right] = outputsFirst ? [dOut, x] : [x, dOut];
  return {
    x: wanted.has("x") ? matmul(gpu, dOut, weight, { transposeB: !outputsFirst }) : undefined,
    weight: wanted.has("weight") ? matmul(gpu, left, right, { transposeA: true }) : undefined,
    bias: wanted.has("bias") ? columnSum(gpu, dOut) : undefined,
    residual: wanted.has("residual") ? dOut : undefined,
  };
}

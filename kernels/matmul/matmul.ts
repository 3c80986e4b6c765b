import { blockSizeOf } from "../runtime/block_kernel.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { chooseKernel, type MatmulKernel } from "./matmul_kernels.ts";

/** Equal to `gelu` with approximation "tanh" and "none", and to `relu`. The order is that of ACTIVATION in the WGSL. */
const ACTIVATIONS = ["none", "geluTanh", "gelu", "relu"] as const;

/** More rounds than any kernel takes to store its results. */
const STORE_ROUNDS = 200;

export interface MatmulOptions {
  /** `a` is given as `"K M"`. */
  readonly transposeA?: boolean;
  /** `b` is given as `"N K"`. */
  readonly transposeB?: boolean;
  /** `"N"`, added to every row. */
  readonly bias?: Tensor;
  /** Applied to the product plus its bias; default `"none"`. It has no gradient and is meant for inference. */
  readonly activation?: typeof ACTIVATIONS[number];
  /** `"M N"`, added last. */
  readonly residual?: Tensor;
  /** For tests and benchmarks; by default the adapter and the sizes decide. */
  readonly kernel?: MatmulKernel;
}

/** `a` (`"M K"`) times `b` (`"K N"`), either one transposed → `"M N"`: act(a b + bias) + residual. */
export function matmul(gpu: Gpu, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeB = false, bias, activation = "none", residual } = options;
  const [m, k] = options.transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const [kOfB, n] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
  if (k !== kOfB) {
    throw new RangeError(`Cannot multiply [${a.shape}] by [${b.shape}]: the inner sizes are ${k} and ${kOfB}`);
  }
  requireShape("a bias", bias, [n]);
  requireShape("a residual", residual, [m, n]);
  const transposeA = options.transposeA === true && m > 1; // one row has the memory layout of a column
  const out = gpu.allocate([m, n]);
  const { kernel, step, roundsInside, layout } = options.kernel ?? chooseKernel(gpu, m, n);
  const { constants, workgroups, lanesAlongN = 1 } = layout(m, n, { k, isTransposed: transposeB });
  // A CPU driver ends loops that last too long, so a long K is summed in several dispatches.
  const depth = step * Math.floor((gpu.tuning.maxLoopRounds - STORE_ROUNDS) / (1 + roundsInside));
  for (let start = 0; start < k; start += depth) {
    gpu.dispatch(kernel[blockSizeOf(n)], {
      bindings: { a, b, bias: bias ?? b, residual: residual ?? b, out },
      params: { m, k, n, start, end: Math.min(k, start + depth), lanesAlongN },
      constants: {
        TRANSPOSE_A: Number(transposeA),
        TRANSPOSE_B: Number(transposeB),
        ALIGNED_A: Number((transposeA ? m : k) % 4 === 0),
        ALIGNED_B: Number((transposeB ? k : n) % 4 === 0),
        WHOLE_K: Number(k % step === 0),
        HAS_BIAS: Number(bias !== undefined),
        HAS_RESIDUAL: Number(residual !== undefined),
        ACTIVATION: ACTIVATIONS.indexOf(activation),
        IS_SPLIT: Number(depth < k),
        ...constants,
      },
      workgroups,
    });
  }
  return out;
}

function requireShape(what: string, tensor: Tensor | undefined, shape: readonly number[]): void {
  if (tensor && tensor.shape.join() !== shape.join()) {
    throw new RangeError(`Cannot add ${what} of [${tensor.shape}] to a product of [${shape}]`);
  }
}

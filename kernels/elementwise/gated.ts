import type { Array64, Op } from "../op.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import forwardWgsl from "./gated_forward.wgsl" with { type: "text" };
import gatedWgsl from "./gated.wgsl" with { type: "text" };

/** Defines a gated unit: out = activation(gate) · up, where activation(g) = g / (1 + inverseOdds(g)). */
export interface GatedDefinition {
  /** WGSL of functions that this op shares with others; it comes first. */
  readonly shared?: string;
  /** Declares `inverseOdds(gate: Block) -> Block`, unless `shared` does. */
  readonly odds?: string;
  /** Declares `backward(i: u32)`, which sets both halves of dX for item i; gated.wgsl declares the bindings. */
  readonly wgsl: string;
  /** The activation of one gate, in float64. */
  readonly activation: (gate: number) => number;
}

/** A gated unit. Its input holds the gates in the first half of its columns and the up projection in the second: G = 2F. */
export type Gated = Op<"x", Record<never, never>>;

/** Makes a gated unit; its `forward` throws a `RangeError` if the number of columns of x is odd. */
export function defineGated(name: string, { shared = "", odds = "", wgsl, activation }: GatedDefinition): Gated {
  const text = shared + gatedWgsl + odds + forwardWgsl + wgsl;
  const forwardKernel = defineElementwiseBlocks(name, text, "forward");
  const backwardKernel = defineElementwiseBlocks(`${name}.dX`, text, "backward");
  return {
    name,
    axes: { x: "N G", out: "N F" },
    differentiable: ["x"],

    forward(gpu, { x }) {
      const [rows, packed] = x.shape;
      if (packed % 2 !== 0) {
        throw new RangeError(`Cannot run ${name}: axis G of x is ${packed}; it must be twice the feed-forward size`);
      }
      const out = gpu.allocate([rows, packed / 2]);
      const { blockSize, ...grid } = halves(gpu, x);
      gpu.dispatch(forwardKernel[blockSize], { bindings: { x, out }, ...grid });
      return { out, saved: {} };
    },

    backward(gpu, dOut, { inputs: { x } }) {
      const dX = gpu.allocate(x.shape);
      const { blockSize, ...grid } = halves(gpu, x);
      gpu.dispatch(backwardKernel[blockSize], { bindings: { x, dOut, dX }, ...grid });
      return { x: dX };
    },

    reference: ({ x }) => gatedReference(x, activation),
  };
}

/** Parameters and grid: one invocation for every block of a half of x. */
function halves(gpu: Gpu, { shape: [rows, packed] }: Tensor) {
  const blockSize = blockSizeOf(packed / 2);
  const width = packed / 2 / blockSize;
  return { blockSize, params: { rows, width }, ...elementwiseGrid(gpu, rows * width) };
}

function gatedReference(x: Array64, activation: (gate: number) => number): Array64 {
  const [rows, packed] = x.shape;
  const size = packed / 2;
  const data = Float64Array.from({ length: rows * size }, (_, i) => {
    const at = Math.floor(i / size) * packed + i % size;
    return activation(x.data[at]) * x.data[at + size];
  });
  return { shape: [rows, size], data };
}

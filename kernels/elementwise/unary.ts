import type { Op } from "../op.ts";
import { defineElementwise, dispatchElementwise } from "../runtime/elementwise.ts";
import type { Tensor } from "../runtime/tensor.ts";
import unaryWgsl from "./unary.wgsl" with { type: "text" };
import unaryOfOutWgsl from "./unary_of_out.wgsl" with { type: "text" };

/** Defines an elementwise op of one input: out = f(x), dX = dOut f′(x). */
export interface UnaryDefinition {
  /**
   * Declares `forward(i: u32)`, which sets `out[i]` from `loadX(i)`, and `backward(i: u32)`, which sets `dX[i]` from `loadDOut(i)` and what
   * backward reads. Both do nothing for indices from `params.vecs` on. unary.wgsl, which comes before it, declares the bindings.
   */
  readonly wgsl: string;
  /** What `backward` reads: the input, by `loadX(i)` (the default), or the output, by `loadSavedOut(i)`. */
  readonly backwardReads?: "x" | "out";
  /** WGSL of functions that this op shares with others; it comes first. */
  readonly shared?: string;
  /** Names of the two functions, where one text serves several ops. */
  readonly forward?: string;
  readonly backward?: string;
  /** f of one number, in float64. */
  readonly value: (x: number) => number;
}

/** An elementwise op of one input, of any shape, without attributes. */
export type Unary = Op<"x", Record<never, never>>;

export function defineUnary(
  name: string,
  { wgsl, backwardReads = "x", shared = "", forward = "forward", backward = "backward", value }: UnaryDefinition,
): Unary {
  const text = shared + (backwardReads === "x" ? unaryWgsl : unaryOfOutWgsl) + wgsl;
  const forwardKernel = defineElementwise(name, text, forward);
  const backwardKernel = defineElementwise(`${name}.dX`, text, backward);
  return {
    name,
    axes: { x: "*", out: "*" },
    differentiable: ["x"],

    forward: (gpu, { x }) => ({
      out: dispatchElementwise(gpu, forwardKernel, x.shape, { x }, "out"),
      saved: {},
    }),

    backward(gpu, dOut, { inputs: { x }, out }) {
      const inputs: Record<string, Tensor> = backwardReads === "x" ? { x, dOut } : { savedOut: out, dOut };
      return { x: dispatchElementwise(gpu, backwardKernel, dOut.shape, inputs, "dX") };
    },

    reference: ({ x }) => ({ shape: x.shape, data: x.data.map(value) }),
  };
}

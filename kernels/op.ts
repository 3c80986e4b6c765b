import type { Gpu } from "./runtime/gpu.ts";
import type { Shape, Tensor } from "./runtime/tensor.ts";

export type Named<K extends string, T> = { readonly [N in K]: T };

/** What becomes of each of some named things, under the same names. */
export function mapNamed<K extends string, A, B>(named: Named<K, A>, change: (value: A, name: K) => B): Named<K, B> {
  return Object.fromEntries(
    Object.entries<A>(named).map(([name, value]) => [name, change(value, name as K)]),
  ) as Named<K, B>;
}

/** A tensor of the float64 references; integers are stored as numbers. */
export interface Array64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** What `forward` hands to `backward`. */
export interface OpContext<In extends string, Attrs, Saved extends string> {
  readonly inputs: Named<In, Tensor>;
  readonly out: Tensor;
  readonly saved: Named<Saved, Tensor>;
  readonly attrs: Attrs;
  /** The inputs whose gradients are needed, a subset of `differentiable`. */
  readonly wanted: ReadonlySet<In>;
}

/**
 * A fused operation: everything that the tape and the test harness need to know about it, in one object. `axes` are checked
 * before `forward` runs; `reference` is the slow float64 definition against which `forward` and `backward` are tested.
 */
export interface Op<In extends string, Attrs, Saved extends string = never> {
  readonly name: string;
  /** Axis names of every input and of `out`, as in `"B T C"`; see kernels/README.md for the legend. */
  readonly axes: Named<In | "out", string>;
  readonly differentiable: readonly In[];
  /** Inputs of dtype u32 (indices, spans); all others are f32. */
  readonly integers?: readonly In[];
  forward(
    gpu: Gpu,
    inputs: Named<In, Tensor>,
    attrs: Attrs,
  ): { readonly out: Tensor; readonly saved: Named<Saved, Tensor> };
  /** May return `dOut` itself for an input whose gradient it is; everything else that it returns is newly allocated. */
  backward(gpu: Gpu, dOut: Tensor, context: OpContext<In, Attrs, Saved>): Partial<Named<In, Tensor>>;
  reference(inputs: Named<In, Array64>, attrs: Attrs): Array64;
}

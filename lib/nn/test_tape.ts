import { elementCount, type Shape } from "#kernels/runtime/tensor.ts";
import { testGpu } from "#kernels/test_gpu.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import { normal, ParameterStore } from "./parameter_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";

/** The GPU of the tests of `Tape`, which is in lib/autograd but takes parameters of lib/nn. */
export const gpu = await testGpu();

/** A store of random parameters of these shapes. */
export function storeOf(shapes: Readonly<Record<string, Shape>>, device = gpu): ParameterStore {
  const random = new RandomStream(1, "tape test");
  const specs = Object.entries(shapes).map(([name, shape]) => ({ name, shape, decayed: true, initial: normal(1) }));
  return new ParameterStore(device, specs, () => random.normal());
}

/** Σ (i + 1) x_i: a number that depends on every element, on each in its own measure. */
export function positionSum(tape: Tape, x: Variable): Variable {
  const count = elementCount(x.value.shape);
  const weights = tape.adopt(tape.gpu.upload(Float32Array.from({ length: count }, (_, i) => i + 1)));
  return tape.apply(weightedSum, { x: tape.reshape(x, [count]), weights: tape.constant(weights) }, {});
}

/** The gradients of a loss written over a store's parameters. */
export async function gradientsOf(
  store: ParameterStore,
  loss: (tape: Tape, parameter: (name: string) => Variable) => Variable,
): Promise<Map<string, Float32Array>> {
  using tape = new Tape(gpu, { learning: [store] });
  store.zeroGradients();
  tape.backward(loss(tape, (name) => tape.parameter(store.get(name))));
  return await store.readGradients();
}

/** How `add` adds its two terms as they are. */
export const SUM = { xScale: 1, yScale: 1 };

import { assertAlmostEquals } from "@std/assert";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount, type Shape } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { type Dual, sum } from "../test_dual.ts";
import type { LabelledPair } from "./pair_batch.ts";

/** Three pairs of texts of different lengths, 13 response tokens; a first and a second text that is preferred, and a soft label. */
export const PAIRS: readonly LabelledPair[] = [
  { prompt: [3, 1, 4], texts: [[1, 5, 9, 2], [5]], label: 1, qualityGap: 0.7 },
  { prompt: [6], texts: [[5, 3], [8, 9, 7]], label: 0, qualityGap: -0.1 },
  { prompt: [8, 9], texts: [[7], [2, 2]], label: 0.3, qualityGap: -0.5 },
];
export const RESPONSES = PAIRS.flatMap(({ texts }) => texts);
export const TOKENS = RESPONSES.flat().length;

/** One number for each token. */
export const someRewards = (seed: number) =>
  Array.from({ length: TOKENS }, (_, i) => Math.fround(Math.sin(seed * i + 1)));

/** The values of each text's tokens, of those of all. */
export function byText<T>(values: readonly T[]): T[][] {
  let first = 0;
  return RESPONSES.map(({ length }) => values.slice(first, first += length));
}

/** Σ_t γ^t x_t of each text. */
export function sumsOf(values: readonly Dual[], gamma: number): Dual[] {
  return byText(values).map((tokens) => sum(tokens.map((value, t) => value.times(gamma ** t))));
}

/** log σ(x) */
export function logSigmoidOf(x: Dual): Dual {
  return x.times(-1).exp().plus(1).log().times(-1);
}

/** Σ_n (o_n f(z_n) + (1 − o_n) f(−z_n)) / P of the pairs' labels, from scores by text. */
export function meanOf(scores: readonly Dual[], f: (lead: Dual, pair: number, sign: 1 | -1) => Dual): Dual {
  return sum(PAIRS.map(({ label }, n) => {
    const lead = scores[2 * n].minus(scores[2 * n + 1]);
    return f(lead, n, 1).times(label).plus(f(lead.times(-1), n, -1).times(1 - label));
  })).over(PAIRS.length);
}

/** The value of a term over a table, and its gradient; that is 0 where the term does not depend on it. */
export async function valueAndGradient(
  gpu: Gpu,
  table: readonly number[],
  term: (tape: Tape, table: Variable) => Variable,
  shape: Shape = [table.length],
): Promise<{ value: number; gradient: Float32Array }> {
  if (elementCount(shape) !== table.length) throw new RangeError(`The table is not [${shape}]`);
  using store = new ParameterStore(gpu, [{ name: "table", shape, decayed: false, initial: zeros }], () => 0);
  gpu.write(store.get("table").value, Float32Array.from(table));
  using tape = new Tape(gpu, { learning: [store] });
  const loss = term(tape, tape.parameter(store.get("table")));
  store.zeroGradients();
  if (loss.requiresGrad) tape.backward(loss);
  const [[value], gradient] = await gpu.readAll([loss.value, store.get("table").gradient]);
  return { value, gradient: gradient as Float32Array };
}

export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  const largest = Math.max(1e-3, ...Array.from(expected, Math.abs));
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    assertAlmostEquals(actual[i], expected[i], tolerance * Math.max(1, largest), `at ${i}`);
  }
}

import { add } from "#kernels/elementwise/add/add.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";

export interface Term {
  readonly weight: number;
  readonly value: Variable;
}

/** Σ weight · value over values of one shape, added in order. */
export function linearCombination(tape: Tape, [first, second, ...rest]: readonly Term[]): Variable {
  if (!first) throw new RangeError("Cannot combine no terms: the batch has none of the texts that the loss is made of");
  let sum = second
    ? tape.apply(add, { x: first.value, y: second.value }, { xScale: first.weight, yScale: second.weight })
    : tape.apply(add, { x: first.value, y: first.value }, { xScale: first.weight, yScale: 0 });
  for (const { weight, value } of rest) sum = tape.apply(add, { x: sum, y: value }, { xScale: 1, yScale: weight });
  return sum;
}

/** x − y */
export function difference(tape: Tape, x: Variable, y: Variable): Variable {
  return tape.apply(add, { x, y }, { xScale: 1, yScale: -1 });
}

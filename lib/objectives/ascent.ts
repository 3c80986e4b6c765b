import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { linearCombination } from "./linear_combination.ts";
import type { ObjectiveValue } from "./objective.ts";

/** What is maximised, and what is logged of it. */
export interface Ascent {
  /** → `"1"` */
  readonly value: Variable;
  readonly measures: Readonly<Record<string, Variable>>;
}

/**
 * The ascents of some adversaries as one loss, −Σ values, since the parameters of none are in another's value.
 *
 * @param name of the loss among the measures, as in `critic_loss`
 */
export function negatedSum(tape: Tape, ascents: readonly Ascent[], name: string): ObjectiveValue {
  const loss = linearCombination(tape, ascents.map(({ value }) => ({ weight: -1, value })));
  return { loss, measures: Object.assign({ [name]: loss }, ...ascents.map(({ measures }) => measures)) };
}

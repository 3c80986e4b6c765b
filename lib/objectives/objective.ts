import type { Tape, Variable } from "#lib/autograd/tape.ts";

/** A loss of one number, and what of it is reported; a measure is a value that the loss computed, never computed twice. */
export interface ObjectiveValue {
  readonly loss: Variable;
  readonly measures: Readonly<Record<string, Variable>>;
}

/** What is minimised: one function of the players and a batch, written on a tape. */
export type Objective<Players, Batch> = (tape: Tape, players: Players, batch: Batch) => ObjectiveValue;

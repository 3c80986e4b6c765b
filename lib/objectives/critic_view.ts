import { concat } from "#kernels/concat/concat.ts";
import type { Named } from "#kernels/op.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { BatchStates, States, Vectors } from "./batch_states.ts";
import type { MomentSettings } from "./moment_matching.ts";

/** What the moments need of a policy at some states: its next-token logits. */
export type Policy = Pick<States, "logits">;

/** Some states as both policies see them, and the values that a critic gives the actions there. */
export interface CriticView {
  readonly student: Policy;
  readonly teacher: Policy;
  /** f(s, ·), `"n V"` */
  readonly values: Variable;
}

/** The N states of a batch so: terms of single states, from views of some or all of them at a time. */
export interface CriticViews {
  /** @returns what `terms` gives for the states of a view, `"n"`, of all states: `"N"` */
  each<Row extends string, Terms extends Vectors>(
    rows: Named<Row, Tensor>,
    terms: (tape: Tape, view: CriticView, rows: Named<Row, Tensor>) => Terms,
  ): Terms;
}

/** States that both policies have seen, and what a critic makes of them. */
export function valuedBy(
  critic: Critic,
  states: BatchStates<"student" | "teacher">,
  settings: Pick<MomentSettings, "features">,
): CriticViews {
  return {
    each: (rows, terms) =>
      states.each(rows, (tape, { student, teacher }, some) => {
        let values: Variable | undefined;
        const view: CriticView = {
          student,
          teacher,
          // Not every term asks for them.
          get values() {
            return values ??= critic.values(tape, criticFeatures(tape, { student, teacher }, settings));
          },
        };
        return terms(tape, view, some);
      }),
  };
}

/** Logits and values that are all there. */
export function allAtOnce(tape: Tape, view: CriticView): CriticViews {
  return { each: (rows, terms) => terms(tape, view, rows) };
}

/** What a critic sees of the states: last hidden states, constants to it → `"n F"`. */
function criticFeatures(
  tape: Tape,
  { student, teacher }: Named<"student" | "teacher", States>,
  { features }: Pick<MomentSettings, "features">,
): Variable {
  const own = tape.detach(student.hidden);
  if (features === "student") return own;
  return features === "teacher" ? teacher.hidden : tape.apply(concat, { x: own, y: teacher.hidden }, {});
}

/** A view that no gradient flows through. */
export function heldView(tape: Tape, { student, teacher, values }: CriticView): CriticView {
  const held = ({ logits }: Policy) => ({ logits: tape.detach(logits) });
  return { student: held(student), teacher: held(teacher), values: tape.detach(values) };
}

import { linear } from "#kernels/linear/linear.ts";
import { linearOfFirstRows } from "#kernels/linear/linear_of_first_rows.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { ModelConfig } from "./model_config.ts";

/**
 * The ids that a model chooses among: all rows of its tables, or as many as its tokenizer has. Published tables are often padded (T5:
 * 32,128 rows for 32,100 ids), by different numbers in models that share a tokenizer.
 *
 * @throws {InputError} if it has fewer rows than that
 */
export function actionCountOf({ vocabSize }: ModelConfig, wanted = vocabSize): number {
  if (!Number.isSafeInteger(wanted) || wanted < 1) throw new RangeError(`Cannot choose among ${wanted} ids`);
  if (wanted > vocabSize) {
    throw new InputError(
      `The tokenizer has ${wanted} ids but the model only ${vocabSize} rows for them; it is another model's`,
    );
  }
  return wanted;
}

/** The output head: hidden states `"N C"` → logits `"N V"` of the first `actionCount` rows of the table. */
export function headLogits(tape: Tape, x: Variable, weight: Variable, actionCount: number): Variable {
  if (actionCount === weight.value.shape[0]) return tape.apply(linear, { x, weight }, {});
  return tape.apply(linearOfFirstRows, { x, weight }, { rows: actionCount });
}

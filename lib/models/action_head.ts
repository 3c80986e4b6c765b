import { shapeOf, type Weight } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
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

/** The specs of a model's parameters, of whose head the first `rows` rows can be read without the others. */
export function withHeadRows(specs: readonly ParameterSpec[], head: string, rows: number): ParameterSpec[] {
  return specs.map((spec) => spec.name === head && rows < spec.shape[0] ? { ...spec, firstRows: rows } : spec);
}

/** The blocks of the head's first `rows` rows, where they are blocks of their own (`withHeadRows`). */
export function headBlocks(weights: Weights, head: string, rows: number): readonly Weight[] {
  let end = 0;
  return weights.blocks(head).filter((block) => (end += shapeOf(block)[0]) <= rows);
}

import type { Parameter } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { ParameterSpec, ParameterStore } from "#lib/nn/parameter_store.ts";
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
export function headBlocks(store: ParameterStore, head: string, rows: number): readonly Parameter[] {
  let end = 0;
  return store.blocks(head).filter(({ value }) => (end += value.shape[0]) <= rows);
}

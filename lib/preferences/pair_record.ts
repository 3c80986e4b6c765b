import { describeJson, isJsonObject, parseJson } from "#lib/data/json_text.ts";
import type { InputError } from "#lib/errors.ts";
import type { PairRecord } from "#lib/results/cell_result.ts";

export type { PairRecord };

/** The fields, in the order in which they are written. */
export const PAIR_COLUMNS = ["prompt", "first", "second", "label", "oracle", "round"] as const;

/** Stands for the oracle of pairs that do not name one. */
export const GIVEN = "given";

export type Complain = (problem: string) => InputError;

type Fields = Readonly<Record<string, unknown>>;

/**
 * A pair of the fields of a JSON object or a CSV record. The oracle may be missing, and so may the round; other fields are ignored.
 *
 * @throws {InputError} if one is missing or of a wrong type, a text is empty or no text, both texts are the same, or the label is no
 * number from 0 to 1
 */
export function pairRecord(fields: Fields, wrong: Complain): PairRecord {
  const [prompt, first, second] = ["prompt", "first", "second"].map((name) => textField(fields, name, wrong));
  if (first === second) throw wrong('"first" and "second" are the same text, of which none can be preferred');
  const { label, oracle = GIVEN, round = 0 } = fields;
  if (typeof label !== "number" || !(label >= 0 && label <= 1)) {
    throw wrong(
      `"label" is ${describeJson(label)} but must be a number from 0 (the second text is better) to 1 (the first is)`,
    );
  }
  if (typeof oracle !== "string" || oracle.trim() === "") {
    throw wrong(`"oracle" is ${describeJson(oracle)} but must be a text that says who preferred`);
  }
  if (typeof round !== "number" || !Number.isSafeInteger(round) || round < 0) {
    throw wrong(`"round" is ${describeJson(round)} but must be a whole number, 0 or more`);
  }
  return { prompt, first, second, label: label + 0, oracle, round: round + 0 }; // −0 + 0 is 0
}

/** The pair, or the two texts of a pair, of one line of JSON. */
export function fieldsOfLine(line: string, wrong: Complain): Fields {
  const value = parseJson(line, wrong, "it is no JSON object on one line");
  if (!isJsonObject(value)) throw wrong(`it is ${describeJson(value)} but must be a JSON object`);
  return value;
}

/** A field that must be a text with something in it. @throws {InputError} if it is not */
export function textField(fields: Fields, name: string, wrong: Complain): string {
  const value = fields[name];
  if (typeof value !== "string" || value.trim() === "") {
    throw wrong(`"${name}" is ${describeJson(value)} but must be a text`);
  }
  if (!value.isWellFormed()) throw wrong(`"${name}" has half of a character (a lone surrogate), which is no text`);
  return value;
}

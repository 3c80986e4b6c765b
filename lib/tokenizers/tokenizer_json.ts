import { describeJson, isJsonObject, type JsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";

/** A token that is found in a text before it is split into pieces. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly [key: string]: unknown;
}

/** The model of a `tokenizer.json`. */
export interface TokenizerModel {
  readonly type: "BPE" | "Unigram" | "WordLevel" | "WordPiece";
  readonly vocab: JsonObject | readonly (readonly [piece: string, score: number])[];
  /** Of BPE: pairs, the first joined first. */
  readonly merges?: readonly (readonly [left: string, right: string])[];
  readonly [key: string]: unknown;
}

/** The content of a `tokenizer.json`, checked as far as encoding relies on it. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: JsonObject | null;
  readonly pre_tokenizer: JsonObject | null;
  readonly post_processor: JsonObject | null;
  readonly decoder: JsonObject | null;
  readonly model: TokenizerModel;
}

const MODEL_TYPES = ["BPE", "Unigram", "WordLevel", "WordPiece"] as const;
/** Larger ids are no vocabulary's. */
const MAX_ID = 2 ** 24;

/**
 * Checks the content of a `tokenizer.json`.
 *
 * @param path names the file in messages
 * @throws {InputError} if it is none, or of a type of model that this does not read
 */
export function checkedTokenizerJson(value: unknown, path: string): TokenizerJson {
  const wrong = (problem: string) => new InputError(`${path}: ${problem}`);
  if (!isJsonObject(value)) throw wrong(`it is ${describeJson(value)}; a tokenizer.json is an object with "model"`);
  const part = (key: string) => {
    const found = value[key] ?? null;
    if (found !== null && !isJsonObject(found)) {
      throw wrong(`"${key}" is ${describeJson(found)}; it is an object or null`);
    }
    return found;
  };
  return {
    added_tokens: checkedAddedTokens(value.added_tokens ?? [], wrong),
    normalizer: part("normalizer"),
    pre_tokenizer: part("pre_tokenizer"),
    post_processor: part("post_processor"),
    decoder: part("decoder"),
    model: checkedModel(value.model, wrong),
  };
}

type Wrong = (problem: string) => InputError;

function checkedAddedTokens(value: unknown, wrong: Wrong): AddedToken[] {
  if (!Array.isArray(value)) throw wrong(`"added_tokens" is ${describeJson(value)}; it is a list`);
  return value.map((token, i) => {
    const { id, content, special = false } = isJsonObject(token) ? token : {};
    if (!isId(id) || typeof content !== "string" || content === "" || typeof special !== "boolean") {
      throw wrong(`added token ${i} has not an "id" from 0 on, a "content" and "special"`);
    }
    return { ...token, id, content, special };
  });
}

function checkedModel(model: unknown, wrong: Wrong): TokenizerModel {
  if (!isJsonObject(model)) throw wrong(`"model" is ${describeJson(model)}; it is an object with "type" and "vocab"`);
  // Files of before 2020 name no type.
  const { vocab, merges, type = Array.isArray(vocab) ? "Unigram" : merges === undefined ? undefined : "BPE" } = model;
  const known = MODEL_TYPES.find((each) => each === type);
  if (known === undefined) {
    throw wrong(`the model's type is ${JSON.stringify(type) ?? "missing"}; this reads ${MODEL_TYPES.join(", ")}`);
  }
  if (known === "Unigram") {
    const isEntry = (entry: unknown) =>
      Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "number";
    if (!Array.isArray(vocab)) throw wrong(`the model's "vocab" is ${describeJson(vocab)}; of Unigram it is a list`);
    const at = vocab.findIndex((entry) => !isEntry(entry));
    if (at >= 0) throw wrong(`entry ${at} of the model's "vocab" is no piece with its score`);
    return { ...model, type: known, vocab };
  }
  checkVocab(vocab, wrong);
  return { ...model, type: known, vocab, ...(known === "BPE" ? { merges: checkedMerges(merges, vocab, wrong) } : {}) };
}

function checkVocab(vocab: unknown, wrong: Wrong): asserts vocab is JsonObject {
  if (!isJsonObject(vocab)) throw wrong(`the model's "vocab" is ${describeJson(vocab)}; it is an object of ids`);
  const pieces = new Map<unknown, string>();
  for (const [piece, id] of Object.entries(vocab)) {
    if (!isId(id)) {
      throw wrong(`the id of "${excerpt(piece)}" is ${JSON.stringify(id)}; it is a whole number from 0 on`);
    }
    const other = pieces.get(id);
    if (other !== undefined) throw wrong(`"${excerpt(other)}" and "${excerpt(piece)}" both have the id ${id}`);
    pieces.set(id, piece);
  }
}

/** Merges as pairs: older files join the two by a space. */
function checkedMerges(merges: unknown, vocab: JsonObject, wrong: Wrong): [string, string][] {
  if (!Array.isArray(merges)) throw wrong(`the model's "merges" is ${describeJson(merges)}; of BPE it is a list`);
  return merges.map((merge, rank) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((half) => typeof half === "string" && half !== "")) {
      throw wrong(`merge ${rank} is ${excerpt(JSON.stringify(merge))}; it is a pair of pieces`);
    }
    const [left, right] = pair as [string, string];
    const missing = [left, right, left + right].find((piece) => !Object.hasOwn(vocab, piece));
    if (missing !== undefined) {
      throw wrong(`merge ${rank} needs the piece "${excerpt(missing)}", which the vocabulary has not`);
    }
    return [left, right];
  });
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < MAX_ID;
}

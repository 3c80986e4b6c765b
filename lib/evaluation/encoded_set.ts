import type { ScoredRecord, ScoredSet } from "#lib/data/scored_sets.ts";
import { InputError } from "#lib/errors.ts";
import type { TextLayout } from "#lib/models/language_model.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import { type EncodedCacheOptions, encodedOnce } from "#lib/tokenizers/encoded_cache.ts";
import { encodeExamples } from "#lib/tokenizers/encoded_examples.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";

/** An item as a model reads it. */
export interface EncodedItem {
  readonly record: ScoredRecord;
  /** None of a text. */
  readonly promptIds: readonly number[];
  /** Of the first reference, with the end of the text unless it is unfinished; of a text all ids. */
  readonly referenceIds: readonly number[];
}

/** What a model reads of a set, and what is left out. */
export interface EncodedSet {
  readonly set: ScoredSet;
  /** In the order of the records. */
  readonly items: readonly EncodedItem[];
  /** Whether each item's reference is counted for perplexity: with its prompt it fits the model's positions. */
  readonly fits: readonly boolean[];
  readonly leftOut: LeftOut;
}

/** Records that are left out, by reason. */
export interface LeftOut {
  /** The prompt is over the limit. */
  readonly longPrompts: number;
  /** The prompt has no token. */
  readonly emptyPrompts: number;
  /** Of perplexity alone: prompt and reference are more tokens than the model has positions. */
  readonly longReferences: number;
  /** Texts of fewer than two tokens, of which none is predicted from another. */
  readonly shortTexts: number;
}

/** What encodes a set. */
export interface EncodingSettings {
  readonly codec: TextCodec;
  readonly template: PromptTemplate;
  readonly layout: TextLayout["kind"];
  /** The token that ends a text. */
  readonly eosId: number;
  /** Put in front of every prompt, where it is given. */
  readonly bosId?: number;
  /** Prompts with more tokens are left out. */
  readonly maxPromptTokens: number;
  /** What to do where all are; default what the flags of commands allow. */
  readonly remedy?: string;
  readonly maxPositions: number;
}

/**
 * Encodes a set. To a decoder, prompt and response are one text and cut as the anchors do (`encodeExample`); an encoder-decoder reads the
 * source with the special tokens of its tokenizer and the end of the text, and writes the response. A text without a prompt is encoded
 * with the special tokens that the tokenizer puts around it.
 *
 * @throws {InputError} if a record is a text and the model an encoder-decoder, or nothing is left
 */
export async function encodeSet(
  set: ScoredSet,
  settings: EncodingSettings,
  cache: EncodedCacheOptions = {},
): Promise<EncodedSet> {
  const { maxPromptTokens, maxPositions, bosId } = settings;
  const front = bosId === undefined || set.form === "text" ? [] : [bosId];
  const all = (await encodeAll(set, settings, cache)).map(({ promptIds, referenceIds }, i): EncodedItem => ({
    record: set.records[i],
    promptIds: [...front, ...promptIds],
    referenceIds: set.records[i].isUnfinished ? referenceIds.slice(0, -1) : referenceIds,
  }));
  const isText = set.form === "text";
  const isLong = ({ promptIds }: EncodedItem) => promptIds.length > maxPromptTokens;
  const isEmpty = (
    { promptIds, referenceIds }: EncodedItem,
  ) => (isText ? referenceIds.length < 2 : promptIds.length === 0);
  const items = all.filter((item) => !isLong(item) && !isEmpty(item));
  // What the model reads ends before the last token.
  const fits = items.map(({ promptIds, referenceIds }) =>
    isText || (settings.layout === "encoderDecoder" ? 0 : promptIds.length) + referenceIds.length - 1 <= maxPositions
  );
  const count = (isOne: (item: EncodedItem) => boolean) => all.filter(isOne).length;
  const leftOut = {
    longPrompts: count(isLong),
    emptyPrompts: isText ? 0 : count(isEmpty),
    longReferences: fits.filter((fit) => !fit).length,
    shortTexts: isText ? count(isEmpty) : 0,
  };
  if (items.length === 0) throw new InputError(`${set.name}: ${whyNothing(all.length, leftOut, settings)}`);
  return { set, items, fits, leftOut };
}

const RAISE_FLAGS = "raise --max-prompt-tokens, or lower --max-new-tokens, which takes room of the model's positions";

function whyNothing(
  records: number,
  { longPrompts, emptyPrompts, shortTexts }: LeftOut,
  { maxPromptTokens, remedy = RAISE_FLAGS }: EncodingSettings,
) {
  if (longPrompts > 0) {
    return `all ${records} prompts are left out, ${longPrompts} of them over ${maxPromptTokens} tokens; ${remedy}`;
  }
  return emptyPrompts > 0
    ? `none of ${records} prompts has a token; --bos puts the beginning of a text in front`
    : `none of ${shortTexts} texts has two tokens, of which one could be predicted from the other`;
}

async function encodeAll(
  { name, form, records }: ScoredSet,
  { codec, template, layout, eosId }: EncodingSettings,
  cache: EncodedCacheOptions,
): Promise<{ promptIds: readonly number[]; referenceIds: readonly number[] }[]> {
  const texts = records.map(({ instruction, input, references: [response] }) => ({ instruction, input, response }));
  if (form === "text") {
    if (layout === "encoderDecoder") {
      throw new InputError(`${name}: an encoder-decoder answers prompts; texts without a prompt need a decoder`);
    }
    const ids = await encodeWhole(codec, texts.map(({ response }) => response), cache);
    return ids.map((referenceIds) => ({ promptIds: [], referenceIds }));
  }
  if (layout === "oneText") {
    const examples = await encodeExamples(codec, template, texts, cache);
    return examples.map(({ promptIds, responseIds }) => ({ promptIds, referenceIds: responseIds }));
  }
  const [sources, responses] = await Promise.all([
    encodeWhole(codec, texts.map((text) => template.render(text)), cache),
    encodeWhole(codec, texts.map(({ response }) => `${template.beforeResponse ?? ""}${response}`), cache),
  ]);
  const ended = (ids: readonly number[]) => (ids.at(-1) === eosId ? ids : [...ids, eosId]);
  return sources.map((ids, i) => ({ promptIds: ended(ids), referenceIds: ended(responses[i]) }));
}

/** Texts by themselves, with the tokens that the tokenizer puts around one. */
function encodeWhole(codec: TextCodec, texts: readonly string[], cache: EncodedCacheOptions): Promise<number[][]> {
  const key = [codec.digest, "with special tokens", digestOfJson(texts)];
  return encodedOnce(key, () => texts.map((text) => codec.encode(text, { addSpecialTokens: true })), cache);
}

import { encodeMarkedPrompt, marksOf } from "#lib/tokenizers/marked_prompt.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import { keyOfPrompt } from "./preference_pair.ts";

/** How prompts and responses in tokens are written for people, and read back. */
export interface PairCodec {
  /** Stands for what the vocabulary cannot spell, if there is such an id. */
  readonly unknownId: number | undefined;
  /** Of an instruction with an input both, an empty line between them. */
  promptText(promptIds: readonly number[]): string;
  /** The ids of the known prompt of this text; of any other text those that it has as a prompt by itself. */
  promptIds(text: string): readonly number[];
  /** Whether a prompt of this text is known. */
  isKnown(text: string): boolean;
  /** Up to the end-of-text token. */
  responseText(responseIds: readonly number[]): string;
  /** With the end-of-text token. */
  responseIds(text: string): readonly number[];
}

/** How the text of a prompt and its ids belong together. */
export interface PromptSpelling {
  text(ids: readonly number[]): string;
  ids(text: string): readonly number[];
}

/**
 * The prompts of this project's decoders: `<ins>` instruction `<inp>` input `<res>`.
 *
 * @param codec of a tokenizer that has these marks
 * @param known prompts whose texts give their own ids again
 */
export function instructionCodec(codec: TextCodec, known: readonly (readonly number[])[]): PairCodec {
  const marks = marksOf(codec);
  if (marks === undefined) {
    throw new RangeError("Cannot spell instructions: the tokenizer has no <ins>, <inp> and <res>");
  }
  return pairCodec(codec, known, {
    text: (ids) => {
      const at = ids.indexOf(marks.input);
      const parts = at < 0 ? [ids] : [ids.slice(0, at), ids.slice(at + 1)];
      return parts.map((part) => spokenText(codec, part)).join("\n\n");
    },
    ids: (text) => encodeMarkedPrompt(codec, marks, { instruction: text, input: "" }),
  });
}

/** The sources of encoder-decoders: the text, then its end. @param known as for `instructionCodec` */
export function sourceCodec(codec: TextCodec, known: readonly (readonly number[])[]): PairCodec {
  return pairCodec(codec, known, {
    text: (ids) => spokenText(codec, ids),
    ids: (text) => ended(codec, text),
  });
}

/**
 * Prompts that are spelt in a way of their own.
 *
 * @param eosIds each of them ends a response; default the codec's
 */
export function pairCodec(
  codec: TextCodec,
  known: readonly (readonly number[])[],
  prompt: PromptSpelling,
  eosIds: readonly number[] = [codec.specialIds.eos!],
): PairCodec {
  const distinct = new Map(known.map((ids) => [keyOfPrompt(ids), ids]));
  // Of two prompts of one text the first stands for it.
  const idsOfText = new Map([...distinct.values()].reverse().map((ids) => [prompt.text(ids), ids]));
  return {
    unknownId: codec.specialIds.unk,
    promptText: prompt.text,
    promptIds: (text) => idsOfText.get(text) ?? prompt.ids(text),
    isKnown: (text) => idsOfText.has(text),
    responseText(ids) {
      const end = ids.findIndex((id) => eosIds.includes(id));
      return spokenText(codec, end < 0 ? ids : ids.slice(0, end));
    },
    responseIds: (text) => ended(codec, text, eosIds[0]),
  };
}

function ended(codec: TextCodec, text: string, eosId = codec.specialIds.eos!): number[] {
  return [...codec.encode(text), eosId];
}

/** The text of ids, special tokens left out; those that only round the vocabulary up stand for no piece. */
function spokenText(codec: TextCodec, ids: readonly number[]): string {
  return codec.decode(ids.filter((id) => id < codec.vocabSize));
}

import type { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { decodeResponse, encodePrompt, encodeResponse } from "#lib/data/prompt.ts";
import { keyOfPrompt } from "./preference_pair.ts";

/** How prompts and responses in tokens are written for people, and read back. */
export interface PairCodec {
  readonly tokenizer: BpeTokenizer;
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

/** The prompts of decoders: `<ins>` instruction `<inp>` input `<res>`. @param known prompts whose texts give their own ids again */
export function instructionCodec(tokenizer: BpeTokenizer, known: readonly (readonly number[])[]): PairCodec {
  const input = tokenizer.specialId("<inp>");
  return codecOf(tokenizer, known, {
    text: (ids) => {
      const at = ids.indexOf(input);
      const parts = at < 0 ? [ids] : [ids.slice(0, at), ids.slice(at + 1)];
      return parts.map((part) => spokenText(tokenizer, part)).join("\n\n");
    },
    ids: (text) => encodePrompt(tokenizer, { instruction: text, input: "" }),
  });
}

/** The sources of encoder-decoders: the text, then `<eos>`. @param known as for `instructionCodec` */
export function sourceCodec(tokenizer: BpeTokenizer, known: readonly (readonly number[])[]): PairCodec {
  return codecOf(tokenizer, known, {
    text: (ids) => spokenText(tokenizer, ids),
    ids: (text) => encodeResponse(tokenizer, text),
  });
}

function codecOf(
  tokenizer: BpeTokenizer,
  known: readonly (readonly number[])[],
  prompt: { text(ids: readonly number[]): string; ids(text: string): readonly number[] },
): PairCodec {
  const distinct = new Map(known.map((ids) => [keyOfPrompt(ids), ids]));
  // Of two prompts of one text the first stands for it.
  const idsOfText = new Map([...distinct.values()].reverse().map((ids) => [prompt.text(ids), ids]));
  return {
    tokenizer,
    promptText: prompt.text,
    promptIds: (text) => idsOfText.get(text) ?? prompt.ids(text),
    isKnown: (text) => idsOfText.has(text),
    responseText: (ids) => decodeResponse(tokenizer, pieces(tokenizer, ids)),
    responseIds: (text) => encodeResponse(tokenizer, text),
  };
}

/** The text of ids, special tokens left out, without the space in front. */
function spokenText(tokenizer: BpeTokenizer, ids: readonly number[]): string {
  return tokenizer.decode(pieces(tokenizer, ids)).replace(/^ /, "");
}

/** Ids that only round the vocabulary up stand for no piece. */
function pieces({ vocabSize }: BpeTokenizer, ids: readonly number[]): number[] {
  return ids.filter((id) => id < vocabSize);
}

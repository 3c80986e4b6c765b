/** Ids of tokens that stand for no text; a tokenizer has some of them. */
export interface SpecialIds {
  /** Begins a text. */
  readonly bos?: number;
  /** Ends a text. */
  readonly eos?: number;
  /** Fills rows of a batch. */
  readonly pad?: number;
  /** Stands for what the vocabulary cannot spell. */
  readonly unk?: number;
}

export interface EncodeOptions {
  /**
   * Adds the tokens that the checkpoint's tokenizer puts around a text, as LLaMA's `<s>` in front or T5's `</s>` behind. Default
   * false, as the published distillation scripts encode.
   */
  readonly addSpecialTokens?: boolean;
  /**
   * Whether a special token that the text spells becomes that token: true for the text that a chat template makes. Default: as the
   * library of the tokenizer's file does (`tokenizer.json`: found; SentencePiece and the project's own BPE: plain characters).
   */
  readonly findSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Spells special tokens, which have no text otherwise. Default false. */
  readonly keepSpecialTokens?: boolean;
}

/** Text to token ids and back, whatever file the tokenizer came from. */
export interface TextCodec {
  /** Ids are 0 to `vocabSize` − 1; some of them may have no token. */
  readonly vocabSize: number;
  readonly specialIds: SpecialIds;
  /** Of all that decides what a text encodes to: 16 hexadecimal digits. */
  readonly digest: string;

  /** The ids of a text. A lone surrogate counts as U+FFFD. */
  encode(text: string, options?: EncodeOptions): number[];

  /**
   * The text of ids; bytes that are no UTF-8 become U+FFFD.
   *
   * @throws {RangeError} if an id is not below `vocabSize`, or has no token
   */
  decode(ids: readonly number[], options?: DecodeOptions): string;

  /** Whether an id is that of a special token. */
  isSpecial(id: number): boolean;
}

/** @throws {RangeError} always: the error of `decode` */
export function failToDecode(id: number, { vocabSize }: Pick<TextCodec, "vocabSize">): never {
  throw new RangeError(`Cannot decode: id ${id} has no token in the vocabulary of ${vocabSize} ids`);
}

import {
  BPE,
  ByteFallbackDecoder,
  ByteLevelPreTokenizer,
  type Decoder,
  type Normalizer,
  PrecompiledNormalizer,
  type PreTokenizer,
  SequenceDecoder,
  SequenceNormalizer,
  SequencePreTokenizer,
  Tokenizer,
  Unigram as LibraryUnigram,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
} from "@huggingface/tokenizers";
import { InputError } from "#lib/errors.ts";
import { AddedTokens } from "./added_tokens.ts";
import { Charsmap } from "./charsmap.ts";
import { PieceMerger } from "./piece_merger.ts";
import type { TokenizerJson, TokenizerModel } from "./tokenizer_json.ts";
import { type DecodeOptions, type EncodeOptions, failToDecode, type SpecialIds, type TextCodec } from "./text_codec.ts";
import { Unigram } from "./unigram.ts";
import { decodeEachByte } from "./utf8.ts";

/** GPT-2's pre-tokenisation with white space as Unicode and tokenizers have it: JavaScript's `\s` holds U+FEFF and lacks U+0085. */
const BYTE_LEVEL_WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const NO_SPACE = /\P{White_Space}+/gu;
/** Words and what is between them: letters of every script are of a word, where JavaScript's `\w` has those of ASCII. */
const WORDS_AND_SIGNS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

export interface HubCodecOptions {
  readonly specialIds: SpecialIds;
  readonly digest: string;
  /** Names the file in messages. */
  readonly path: string;
  /** In a tokenizer that this project wrote: pieces from this id on only lead to longer ones, and are taken apart where left over. */
  readonly firstScaffoldId?: number;
}

/**
 * A `tokenizer.json`, read by `@huggingface/tokenizers`. Where that library differs from the one that checkpoints are made with, in Rust,
 * its parts are replaced: how added tokens are found, white space, the rules of a charsmap, bytes that are no character; and pieces are
 * joined by `PieceMerger` and chosen by `Unigram`, which are faster.
 */
export class HubCodec implements TextCodec {
  readonly vocabSize: number;
  readonly specialIds: SpecialIds;
  readonly digest: string;
  readonly #tokenizer: Tokenizer;
  readonly #added: AddedTokens;
  /** Those that are no special tokens. */
  readonly #addedText: AddedTokens;
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #special: ReadonlySet<number>;
  /** The two pieces that each scaffold was first joined from. */
  readonly #halvesOf: ReadonlyMap<string, readonly [left: string, right: string]>;

  /** @throws {InputError} if the library does not know a part of the tokenizer */
  constructor(json: TokenizerJson, { specialIds, digest, path, firstScaffoldId }: HubCodecOptions) {
    const tokenizer = newTokenizer(json, path);
    this.#tokenizer = tokenizer;
    this.specialIds = specialIds;
    this.digest = digest;
    this.vocabSize = firstScaffoldId ?? tokenizer.model!.vocab.length;
    this.#halvesOf = scaffoldsOf(json.model, firstScaffoldId);
    const normalize = (text: string) => tokenizer.normalizer?.normalize(text) ?? text;
    this.#added = new AddedTokens(json.added_tokens, normalize);
    this.#addedText = new AddedTokens(json.added_tokens.filter(({ special }) => !special), normalize);
    this.#addedIds = new Map(json.added_tokens.map(({ content, id }) => [content, id]));
    this.#special = new Set(json.added_tokens.flatMap(({ id, special }) => special ? [id] : []));
  }

  encode(text: string, { addSpecialTokens = false, findSpecialTokens = true }: EncodeOptions = {}): number[] {
    const added = findSpecialTokens ? this.#added : this.#addedText;
    return this.#process(this.#piecesOf(text, added), null, addSpecialTokens);
  }

  /** The ids of two texts with the special tokens around and between them. */
  encodePair(first: string, second: string): number[] {
    return this.#process(this.#piecesOf(first), this.#piecesOf(second), true);
  }

  decode(ids: readonly number[], { keepSpecialTokens = false }: DecodeOptions = {}): string {
    const hasToken = (id: number) => id < this.vocabSize && this.#tokenizer.id_to_token(id) !== undefined;
    for (const id of ids) if (!hasToken(id)) failToDecode(id, this);
    const shown = ids.filter((id) => keepSpecialTokens || !this.#special.has(id));
    return shown.length === 0 ? "" : this.#tokenizer.decode(shown, { clean_up_tokenization_spaces: false });
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  #piecesOf(text: string, added = this.#added): string[] {
    const { pre_tokenizer: preTokenizer, model } = this.#tokenizer;
    return added.split(text.toWellFormed()).flatMap(({ text, token }, section) => {
      if (token !== undefined) return [text];
      const words = preTokenizer === null ? [text] : preTokenizer.pre_tokenize(text, { section_index: section });
      return model!._call(words);
    });
  }

  #process(pieces: string[], second: string[] | null, addSpecialTokens: boolean): number[] {
    const { post_processor: postProcessor, model } = this.#tokenizer;
    const { tokens } = postProcessor?._call(pieces, second, addSpecialTokens) ??
      { tokens: [...pieces, ...second ?? []] };
    return tokens.flatMap((token) => this.#takeApart(token)).flatMap((token) => {
      const id = this.#addedIds.get(token) ?? model!.tokens_to_ids.get(token) ?? model!.unk_token_id;
      // Without an unknown token, what the vocabulary cannot spell is left out.
      return id === undefined ? [] : [id];
    });
  }

  #takeApart(token: string): string[] {
    const halves = this.#halvesOf.get(token);
    return halves === undefined ? [token] : halves.flatMap((half) => this.#takeApart(half));
  }
}

function scaffoldsOf({ vocab, merges }: TokenizerModel, firstId = Infinity): Map<string, [string, string]> {
  const halvesOf = new Map<string, [string, string]>();
  if (firstId === Infinity || merges === undefined) return halvesOf;
  for (const [left, right] of merges) {
    const piece = left + right;
    const id = (vocab as Record<string, number>)[piece];
    if (id >= firstId && !halvesOf.has(piece)) halvesOf.set(piece, [left, right]);
  }
  return halvesOf;
}

function newTokenizer(json: TokenizerJson, path: string): Tokenizer {
  const { model } = json;
  // Suffixes of words and of their parts are the library's alone.
  const mergesHere = model.type === "BPE" && !model.end_of_word_suffix && !model.continuing_subword_prefix;
  let tokenizer: Tokenizer;
  try {
    const config = typeof model.unk_token === "string" ? { unk_token: model.unk_token } : {};
    tokenizer = new Tokenizer(mergesHere ? { ...json, model: { ...model, merges: [] } } : json, config);
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`);
  }
  if (mergesHere && tokenizer.model instanceof BPE) {
    const merger = new PieceMerger(model.merges!.map(([left, right], rank) => ({ left, right, rank })));
    tokenizer.model.bpe = (word) => [...merger.split(word)];
  } else if (tokenizer.model instanceof LibraryUnigram) {
    const { vocab, scores, unk_token_id: unkId = -1 } = tokenizer.model;
    const pieces = vocab.map((text, id) => ({ text, score: scores[id], type: "normal" as const }));
    const unigram = new Unigram({ pieces, unkId }, 64);
    tokenizer.model.tokenize = (text) => unigram.encode(text).map(({ text }) => text);
  }
  mendParts(tokenizer, path);
  return tokenizer;
}

/** Replaces what the library's parts do otherwise than those of tokenizers. */
function mendParts(tokenizer: Tokenizer, path: string): void {
  for (const part of preTokenizersIn(tokenizer.pre_tokenizer)) {
    if (part instanceof ByteLevelPreTokenizer) part.pattern = BYTE_LEVEL_WORDS;
    else if (part instanceof WhitespaceSplitPreTokenizer) part.pre_tokenize_text = (text) => text.match(NO_SPACE) ?? [];
    else if (part instanceof WhitespacePreTokenizer) {
      part.pre_tokenize_text = (text) => text.match(WORDS_AND_SIGNS) ?? [];
    }
  }
  for (const part of normalizersIn(tokenizer.normalizer)) {
    if (!(part instanceof PrecompiledNormalizer)) continue;
    const charsmap = charsmapOf(part, path);
    part.normalize = (text) => charsmap?.normalizeByGrapheme(text) ?? text;
  }
  for (const part of decodersIn(tokenizer.decoder)) {
    if (part instanceof ByteFallbackDecoder) part.decode_chain = decodeBytePieces;
  }
  for (const [id, token] of tokenizer.get_added_tokens_decoder()) {
    // What was found in a normalised text is spelt as it stood there.
    if (token.special || !token.normalized || tokenizer.normalizer === null) continue;
    token.content = tokenizer.normalizer.normalize(token.content);
    tokenizer.model!.vocab[id] = token.content;
  }
}

function charsmapOf(normalizer: PrecompiledNormalizer, path: string): Charsmap | undefined {
  const { precompiled_charsmap: encoded } = normalizer.config as { precompiled_charsmap?: string };
  if (!encoded) return undefined;
  let bytes: string;
  try {
    bytes = atob(encoded);
  } catch {
    throw new InputError(`${path}: precompiled_charsmap is not base64; fetch the file again`);
  }
  return new Charsmap(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)), path);
}

/** Pieces that are bytes, as `<0xE4>`, as the characters of each run of them. */
function decodeBytePieces(pieces: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const spell = () => {
    if (bytes.length > 0) texts.push(decodeEachByte(bytes));
    bytes = [];
  };
  for (const piece of pieces) {
    if (/^<0x[0-9A-Fa-f]{2}>$/.test(piece)) bytes.push(Number(piece.slice(1, -1)));
    else {
      spell();
      texts.push(piece);
    }
  }
  spell();
  return texts;
}

function preTokenizersIn(part: PreTokenizer | null): PreTokenizer[] {
  if (part === null) return [];
  return part instanceof SequencePreTokenizer ? part.tokenizers.flatMap(preTokenizersIn) : [part];
}

function normalizersIn(part: Normalizer | null): Normalizer[] {
  if (part === null) return [];
  return part instanceof SequenceNormalizer ? part.normalizers.flatMap(normalizersIn) : [part];
}

function decodersIn(part: Decoder | null): Decoder[] {
  if (part === null) return [];
  return part instanceof SequenceDecoder ? part.decoders.flatMap(decodersIn) : [part];
}

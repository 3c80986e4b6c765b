import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { Charsmap } from "./charsmap.ts";
import { ProtobufError, type ProtobufField, protobufFields } from "./protobuf.ts";

/** What a piece is for: `SentencePiece.Type` of sentencepiece_model.proto. */
export type PieceType = "normal" | "unknown" | "control" | "userDefined" | "unused" | "byte";

export interface Piece {
  readonly text: string;
  readonly score: number;
  readonly type: PieceType;
}

/** What a SentencePiece `.model` holds, as far as encoding and decoding use it. */
export interface SentencePieceModel {
  readonly kind: "unigram" | "bpe";
  /** In the order of their ids. */
  readonly pieces: readonly Piece[];
  readonly unkId: number;
  /** Pieces by their text that the file names as beginning, end and filling of texts, where it has them. */
  readonly bosId?: number;
  readonly eosId?: number;
  readonly padId?: number;
  /** Whether characters without a piece are spelt by their bytes. */
  readonly byteFallback: boolean;
  /** What an unknown piece decodes to. */
  readonly unkSurface: string;
  readonly charsmap?: Charsmap;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

const PIECE_TYPES: readonly (PieceType | undefined)[] = [
  ...[undefined, "normal", "unknown", "control", "userDefined", "unused", "byte"] as const,
];
const KINDS: Readonly<Record<number, string>> = { 1: "unigram", 2: "bpe", 3: "word", 4: "char" };
/** The largest vocabulary of a published model has 256,000 pieces. */
const MAX_PIECES = 2 ** 20;

/**
 * Reads the bytes of a SentencePiece model (Kudo and Richardson 2018; the message `ModelProto` of sentencepiece_model.proto).
 *
 * @param path names the file in messages
 * @throws {InputError} if the bytes are no such model, or one that this does not compute: of words or characters, with spaces behind
 * words, or with rules for decoded texts
 */
export function readSentencePieceModel(bytes: Uint8Array, path: string): SentencePieceModel {
  try {
    const proto = readProto(bytes, path);
    const model = { ...proto.trainer, ...proto.normalizer, pieces: proto.pieces };
    checkPieces(model, path);
    const idOf = (text: string) => {
      const id = model.pieces.findIndex((piece) => piece.text === text && piece.type === "control");
      return id < 0 ? undefined : id;
    };
    const { bosPiece, eosPiece, padPiece, ...rest } = model;
    return {
      ...rest,
      unkId: model.pieces.findIndex(({ type }) => type === "unknown"),
      bosId: idOf(bosPiece),
      eosId: idOf(eosPiece),
      padId: idOf(padPiece),
    };
  } catch (error) {
    if (error instanceof ProtobufError) {
      throw new InputError(`${path}: no SentencePiece model, or a damaged one: ${error.message}; fetch the file again`);
    }
    throw error;
  }
}

function readProto(bytes: Uint8Array, path: string) {
  if (new TextDecoder().decode(bytes.subarray(0, 40)).startsWith("version https://git-lfs")) {
    throw new InputError(`${path}: a pointer of Git LFS, not the file itself; fetch it with git lfs pull`);
  }
  const pieces: Piece[] = [];
  let trainer: ReturnType<typeof readTrainer> | undefined;
  let normalizer: ReturnType<typeof readNormalizer> | undefined;
  for (const { field, bytes: message } of protobufFields(bytes)) {
    if (message === undefined) continue;
    if (field === 1) pieces.push(readPiece(message, pieces.length, path));
    else if (field === 2) trainer = readTrainer(message, path);
    else if (field === 3) normalizer = readNormalizer(message, path);
    else if (field === 5 && readNormalizer(message, path).charsmap !== undefined) {
      throw new InputError(`${path}: it has rules for decoded texts (denormalizer_spec), which this does not read`);
    }
    if (pieces.length > MAX_PIECES) throw new InputError(`${path}: it has more than ${MAX_PIECES} pieces`);
  }
  if (pieces.length === 0 || trainer === undefined || normalizer === undefined) {
    const missing = pieces.length === 0 ? "pieces" : trainer === undefined ? "trainer_spec" : "normalizer_spec";
    throw new InputError(`${path}: no SentencePiece model: it has no ${missing}`);
  }
  return { pieces, trainer, normalizer };
}

function readPiece(message: Uint8Array, id: number, path: string): Piece {
  let [text, score, type] = ["", 0, 1];
  for (const field of protobufFields(message)) {
    if (field.field === 1) text = textOf(field, `${path}, piece ${id}`);
    else if (field.field === 2) score = field.number ?? NaN;
    else if (field.field === 3) type = field.number ?? 0;
  }
  const known = PIECE_TYPES[type];
  if (known === undefined) throw new InputError(`${path}: piece ${id} has the type ${type}; types are 1 to 6`);
  if (text === "") throw new InputError(`${path}: piece ${id} is empty`);
  if (!Number.isFinite(score)) throw new InputError(`${path}: piece ${id} has the score ${score}`);
  return { text, score, type: known };
}

function readTrainer(message: Uint8Array, path: string) {
  let kind = 1;
  let byteFallback = false;
  const texts: Record<number, string> = { 44: " \u2047 ", 46: "<s>", 47: "</s>", 48: "<pad>" };
  for (const field of protobufFields(message)) {
    if (field.field === 3) kind = field.number ?? 0;
    else if (field.field === 35) byteFallback = field.number !== 0;
    else if (field.field in texts) texts[field.field] = textOf(field, `${path}, trainer_spec`);
    else if (field.field === 24 && field.number !== 0) {
      throw new InputError(
        `${path}: its spaces stand behind words (treat_whitespace_as_suffix), which this does not read`,
      );
    }
  }
  const name = KINDS[kind] ?? `${kind}`;
  if (name !== "unigram" && name !== "bpe") {
    throw new InputError(`${path}: its model_type is ${name}; this reads unigram and bpe`);
  }
  const [bosPiece, eosPiece, padPiece] = [texts[46], texts[47], texts[48]];
  return { kind: name, byteFallback, unkSurface: texts[44], bosPiece, eosPiece, padPiece } as const;
}

function readNormalizer(message: Uint8Array, path: string) {
  let charsmap: Charsmap | undefined;
  let [addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces] = [true, true, true];
  for (const { field, number, bytes } of protobufFields(message)) {
    // Models that keep the text as it is have rules of no bytes.
    if (field === 2 && bytes !== undefined && bytes.length > 0) charsmap = new Charsmap(bytes, path);
    else if (field === 3) addDummyPrefix = number !== 0;
    else if (field === 4) removeExtraWhitespaces = number !== 0;
    else if (field === 5) escapeWhitespaces = number !== 0;
  }
  return { charsmap, addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces };
}

function textOf({ bytes }: ProtobufField, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes ?? new Uint8Array());
  } catch {
    throw new InputError(`${where}: its text is not UTF-8; fetch the file again`);
  }
}

function checkPieces(
  { pieces, kind, byteFallback }: Pick<SentencePieceModel, "pieces" | "kind" | "byteFallback">,
  path: string,
): void {
  const count = (wanted: PieceType) => pieces.filter(({ type }) => type === wanted).length;
  if (count("unknown") !== 1) {
    throw new InputError(`${path}: it has ${count("unknown")} unknown pieces; a model has one`);
  }
  const ids = new Map<string, number>();
  for (const [id, { text, type }] of pieces.entries()) {
    const first = ids.get(text);
    if (first !== undefined) throw new InputError(`${path}: pieces ${first} and ${id} are both "${excerpt(text)}"`);
    ids.set(text, id);
    if (type === "byte" && !/^<0x[0-9A-F]{2}>$/.test(text)) {
      throw new InputError(`${path}: piece ${id}, "${excerpt(text)}", is of the type byte; one is spelt as <0x0A>`);
    }
  }
  if (byteFallback && count("byte") !== 256) {
    throw new InputError(`${path}: it spells characters by bytes but has pieces for ${count("byte")} of the 256`);
  }
  if (kind === "bpe" && count("unused") > 0) {
    throw new InputError(
      `${path}: ${count("unused")} of its pieces are unused; this reads them in unigram models only`,
    );
  }
}

import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { Decoder } from "#lib/models/decoder.ts";
import { EncoderDecoder } from "#lib/models/encoder_decoder.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { CachedDecoder } from "./cached_decoder.ts";
import { CachedEncoderDecoder } from "./cached_encoder_decoder.ts";

/** Texts that are being written, as far as a model needs them. */
export interface WrittenTexts {
  /** What each text answers, B in all, none empty. */
  readonly prompts: readonly (readonly number[])[];
  readonly maxNewTokens: number;
  readonly padId: number;
  /** `"B"`: 0 while a row is being written. */
  readonly done: Tensor;
}

/** A model that reads texts as they are written: it keeps the keys and values of what it has read. */
export interface CachedModel extends Disposable {
  /** Reads the prompts → the logits of each text's first new token, `"B V"`. */
  readPrompts(tape: Tape): Variable;
  /** Reads new token `step` of every text (`"B 1"`, counted from 0) → the next logits, `"B V"`; those of rows that are done are undefined. */
  readToken(tape: Tape, tokenIds: Tensor, step: number): Variable;
  /** Makes row b continue what row `parents[b]` (`"B"` u32) has read. Rows of a prompt may change places among themselves only. */
  reorder(parents: Tensor): void;
}

/** Opens a model to write texts; the caller disposes of what it keeps. */
export function openCachedModel(gpu: Gpu, model: LanguageModel, texts: WrittenTexts): CachedModel {
  if (model instanceof Decoder) return new CachedDecoder(gpu, model, texts);
  if (model instanceof EncoderDecoder) return new CachedEncoderDecoder(gpu, model, texts);
  throw new RangeError("Cannot write texts: the model is neither a decoder nor an encoder-decoder");
}

import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import type { ModelConfig } from "./model_config.ts";

/** Texts side by side, padded to one length. */
export interface PaddedTexts {
  /** `"B T"` u32 */
  readonly tokenIds: Tensor;
  /** `"B 2"` u32: each text's first token and end */
  readonly spans: Tensor;
}

/** What a model's hidden states are computed from. */
export interface TokenBatch extends PaddedTexts {
  /** `"B T"` u32, counted within each text */
  readonly positions: Tensor;
  /** What the encoder reads, `"B S"`; an encoder-decoder's alone. */
  readonly source?: PaddedTexts;
}

/**
 * How a prompt and its response lie in a batch: side by side in one text, or the prompt in the encoder and the response, behind a
 * start token, in the decoder.
 */
export type TextLayout =
  | { readonly kind: "oneText" }
  | { readonly kind: "encoderDecoder"; readonly startId: number };

/** The layout of decoder-only models. */
export const ONE_TEXT: TextLayout = { kind: "oneText" };

/** A model of responses, π_θ(y_t | prompt, y_<t): what objectives, training, decoding and checkpoints need to know of it. */
export interface LanguageModel extends Disposable {
  readonly config: ModelConfig;
  /** What it is computed with. */
  readonly weights: Weights;
  /** What it learns by. @throws {RangeError} if its weights are in too few bits to learn */
  readonly store: ParameterStore;
  readonly layout: TextLayout;
  /** How many ids it chooses among, V here: those of its tokenizer, where its tables have more rows than that. */
  readonly actionCount: number;
  /** The last hidden states of every token, after the final norm: `"N C"` with N = B T. */
  hiddenStates(tape: Tape, batch: TokenBatch): Variable;
  /** The LM head: hidden states `"N C"` → next-token logits `"N V"`. */
  logits(tape: Tape, hiddenStates: Variable): Variable;
  /** Where its parameters lie in a Hugging Face checkpoint. */
  checkpointTensors(): readonly CheckpointTensor[];
}

/** Whether two models read a batch alike. */
export function sameLayout(a: TextLayout, b: TextLayout): boolean {
  if (a.kind === "oneText" || b.kind === "oneText") return a.kind === b.kind;
  return a.startId === b.startId;
}

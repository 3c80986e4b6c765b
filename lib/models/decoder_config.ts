import type { AttentionAttrs, HeadLayout } from "#kernels/attention/attention.ts";
import type { RotaryScaling } from "#kernels/rotary/frequencies.ts";
import { InputError } from "#lib/errors.ts";

/** The architectures, as `model_type` of `config.json` names them; each has its entry in `DECODER_FAMILIES`. */
export type DecoderFamilyName = "gpt2" | "opt" | "llama" | "mistral" | "qwen2" | "qwen3" | "gemma3_text";

/** Sizes and choices of a decoder-only transformer; the axis letters are those of kernels/README.md. */
export interface DecoderConfig extends HeadLayout {
  readonly family: DecoderFamilyName;
  /** V */
  readonly vocabSize: number;
  /** C */
  readonly hiddenSize: number;
  /** L */
  readonly numLayers: number;
  /** F */
  readonly feedForwardSize: number;
  /** Tokens a text may have: learned positions of GPT-2 and OPT; where positions are rotations only a limit. */
  readonly maxPositions: number;
  readonly normEps: number;
  /** Base of the rotary frequencies; 0 for GPT-2 and OPT, which have none. */
  readonly ropeTheta: number;
  /** How the rotary frequencies are stretched; default not at all. */
  readonly ropeScaling?: RotaryScaling;
  /** Layers that see the last tokens only; default none. */
  readonly window?: AttentionWindow;
  /** The scores of attention are divided by its root; default D. */
  readonly scoreDivisor?: number;
  /** GELU of GPT-2 and Gemma; the other families have another activation. */
  readonly geluApproximation: "tanh" | "none";
  /** Whether the LM head is the token embedding. */
  readonly tiedHead: boolean;
  /** Of OPT: whether norms stand before attention and feed-forward, or behind the sums, as in OPT-350m, where there is no final norm. */
  readonly normPlace?: "before" | "after";
  /** Of OPT-350m: the size of token embeddings and of what the head reads, each a projection away from the hidden states; default C. */
  readonly embeddingSize?: number;
}

export interface AttentionWindow {
  /** How many tokens a query sees, its own included. */
  readonly tokens: number;
  /** Whether each layer has the window. */
  readonly layers: readonly boolean[];
  /** Base of the rotary frequencies of these layers, which are not stretched; default as the others. Gemma 3 has its own. */
  readonly ropeTheta?: number;
}

/** How a layer attends. */
export function attentionOf(config: DecoderConfig, layer: number): AttentionAttrs {
  const { numHeads, numKvHeads, headSize, scoreDivisor, window } = config;
  return {
    numHeads,
    numKvHeads,
    headSize,
    ...(scoreDivisor === undefined ? {} : { scale: 1 / Math.sqrt(scoreDivisor) }),
    ...(window?.layers[layer] ? { window: window.tokens } : {}),
  };
}

/** What the profiles say of a decoder's size, and how long its texts may be. */
export interface DecoderSizes {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly maxPositions: number;
}

/**
 * The given size of a head, or the hidden size's share.
 *
 * @throws {InputError} if the heads do not divide the hidden size, or the kernels do not compute the size
 */
export function headSizeOf(hiddenSize: number, numHeads: number, path: string, given?: number): number {
  if (given === undefined && hiddenSize % numHeads !== 0) {
    throw new InputError(`${path}: ${numHeads} heads do not divide a hidden size of ${hiddenSize}`);
  }
  const share = given ?? hiddenSize / numHeads;
  if (share % 4 !== 0) throw new InputError(`${path}: heads have size ${share}; this computes multiples of 4`);
  return share;
}

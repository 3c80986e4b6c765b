import type { HeadLayout } from "#kernels/attention/attention.ts";
import { InputError } from "#lib/errors.ts";

/** The architectures, as `model_type` of `config.json` names them; each has its entry in `DECODER_FAMILIES`. */
export type DecoderFamilyName = "gpt2" | "llama";

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
  /** Tokens a text may have: learned positions of GPT-2; for LLaMA only a limit. */
  readonly maxPositions: number;
  readonly normEps: number;
  /** Base of the rotary frequencies; LLaMA only. */
  readonly ropeTheta: number;
  /** GPT-2's activation; LLaMA's is SwiGLU. */
  readonly geluApproximation: "tanh" | "none";
  /** Whether the LM head is the token embedding. */
  readonly tiedHead: boolean;
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

import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import type { T5Config } from "#lib/models/t5_config.ts";
import { parametersOf } from "./parameters.ts";

/** Texts that a model reads at once. */
export interface TextShape {
  /** B */
  readonly batch: number;
  /** T: tokens of prompt and response together. */
  readonly tokens: number;
  /** Of those the response's: the states that have logits, N = B times as many. */
  readonly responseTokens: number;
  /** Bytes that the logits of one model take at most at once; default `MOST_LOGITS_BYTES`. */
  readonly logitsAtOnce?: number;
}

/**
 * Numbers that the tape keeps for backward of one pass over the texts, up to the last hidden states. The tape keeps every op's inputs,
 * outputs and what it saves, and recomputes nothing.
 *
 * A decoder's block keeps, of each token: the outputs of two norms and of two sums with the residual (4 C), queries, keys and values
 * ((H + 2 Hkv) D, twice where they are rotated), what attention gives (H D, and H log-sum-exps), and of the feed-forward its width before
 * and after the activation (2 F; 3 F where it is gated).
 */
export function keptNumbers(config: ModelConfig, shape: TextShape): number {
  return "startId" in config ? keptByEncoderDecoder(config, shape) : keptByDecoder(config, shape);
}

function keptByDecoder(config: DecoderConfig, { batch, tokens }: TextShape): number {
  const { hiddenSize, numLayers, numHeads, numKvHeads, headSize, feedForwardSize, ropeTheta } = config;
  const names = parametersOf(config).map(({ name }) => name);
  const has = (part: string) => names.some((name) => name.includes(part));
  const packed = (numHeads + 2 * numKvHeads) * headSize;
  // As they are projected; where they are normalised head by head; and where they are rotated.
  const headNorms = has("q_norm") ? packed + numHeads + numKvHeads : 0;
  const rotated = ropeTheta > 0 ? packed : 0;
  const attended = numHeads * headSize + numHeads;
  const feedForward = (has("gate_up") ? 3 : 2) * feedForwardSize;
  // Behind both halves of a block, as Gemma has them: then product and sum are apart.
  const normsBehind = has("post_feedforward") ? 4 * hiddenSize : 0;
  const block = 4 * hiddenSize + packed + headNorms + rotated + attended + feedForward + normsBehind;
  // Embeddings, of tokens and of positions and their sum where these are learned, and the final norm.
  const ends = (ropeTheta > 0 ? 1 : 3) * hiddenSize + hiddenSize;
  return batch * tokens * (numLayers * block + ends);
}

/** The prompt is in the encoder, the response in the decoder, whose blocks attend to the source as well. */
function keptByEncoderDecoder(config: T5Config, { batch, tokens, responseTokens }: TextShape): number {
  const { hiddenSize, numLayers, numDecoderLayers, numHeads, headSize, feedForwardSize } = config;
  const heads = numHeads * headSize;
  const feedForward = (config.feedForward === "gatedGelu" ? 3 : 2) * feedForwardSize;
  const attention = 2 * hiddenSize + heads + numHeads;
  const encoderBlock = attention + 3 * heads + 2 * hiddenSize + feedForward;
  const decoderBlock = encoderBlock + attention + heads;
  const ends = 2 * hiddenSize;
  const [sources, targets] = [batch * (tokens - responseTokens), batch * responseTokens];
  return sources * (numLayers * encoderBlock + ends + numDecoderLayers * 2 * heads) +
    targets * (numDecoderLayers * decoderBlock + ends);
}

/** The widest tensors that a layer makes of a token, and how wide they are. */
export function widthsOf(config: ModelConfig): { readonly name: string; readonly width: number }[] {
  const { hiddenSize, numHeads, headSize, feedForwardSize } = config;
  const isGated = parametersOf(config).some(({ name }) => /gate_up|wi_01/.test(name));
  return [
    { name: "feed-forward", width: (isGated ? 2 : 1) * feedForwardSize },
    { name: "queries, keys and values", width: 3 * numHeads * headSize },
    { name: "hidden states", width: hiddenSize },
  ];
}

/** Numbers of keys and values that are kept while the texts are written, token by token. */
export function cachedNumbers(config: ModelConfig, { batch, tokens, responseTokens }: TextShape): number {
  if (!("startId" in config)) {
    return 2 * config.numLayers * config.numKvHeads * config.headSize * batch * tokens;
  }
  const perToken = 2 * config.numDecoderLayers * config.numHeads * config.headSize;
  // Of the response, and of the source for every decoder layer.
  return perToken * batch * (responseTokens + tokens - responseTokens);
}

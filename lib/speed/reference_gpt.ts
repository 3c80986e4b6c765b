import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Decoder } from "#lib/models/decoder.ts";
import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import { RandomStream } from "#lib/random/random_stream.ts";

/** The GPT of the speed comparison with other trainers: 1.07 M parameters, a batch of 8 × 128 tokens. */
export const REFERENCE_GPT: DecoderConfig = {
  family: "gpt2",
  vocabSize: 2048,
  hiddenSize: 128,
  numLayers: 4,
  numHeads: 4,
  numKvHeads: 4,
  headSize: 32,
  feedForwardSize: 512,
  maxPositions: 128,
  normEps: 1e-5,
  ropeTheta: 0,
  geluApproximation: "tanh",
  tiedHead: true,
};
export const REFERENCE_BATCH = 8;
export const REFERENCE_TOKENS = 128;

export function referenceGpt(gpu: Gpu): Decoder {
  const random = new RandomStream(1, "reference GPT");
  return new Decoder(gpu, REFERENCE_GPT, () => random.normal());
}

/**
 * FLOPs of its training step: 6 a token for every weight of a product, and 12 L T C a token for attention, whose masked half is
 * counted as other trainers count it. 7.3 G.
 */
export function trainStepFlops({ config }: Decoder, batch = REFERENCE_BATCH, tokens = REFERENCE_TOKENS): number {
  const { hiddenSize, feedForwardSize, numLayers, vocabSize } = config;
  const weights = numLayers * (4 * hiddenSize ** 2 + 2 * hiddenSize * feedForwardSize) + vocabSize * hiddenSize;
  return batch * tokens * (6 * weights + 12 * numLayers * tokens * hiddenSize);
}

/** FLOPs of its forward pass, the logits of every token included: a third of a training step's. */
export function forwardFlops(model: Decoder, batch: number, tokens: number): number {
  return trainStepFlops(model, batch, tokens) / 3;
}

/** FLOPs of one decoded token: 2 for every weight of a product, 4 L C for each token attended to. */
export function decodeFlops({ config }: Decoder, attendedTokens: number): number {
  const { hiddenSize, feedForwardSize, numLayers, vocabSize } = config;
  const weights = numLayers * (4 * hiddenSize ** 2 + 2 * hiddenSize * feedForwardSize) + vocabSize * hiddenSize;
  return 2 * weights + 4 * numLayers * attendedTokens * hiddenSize;
}

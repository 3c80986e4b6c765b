import type { Gpu } from "#kernels/runtime/gpu.ts";
import { EncoderDecoder } from "#lib/models/encoder_decoder.ts";
import { type T5Config, t5Config } from "#lib/models/t5_config.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { REFERENCE_BATCH, REFERENCE_GPT, REFERENCE_TOKENS } from "./reference_gpt.ts";

/** An encoder-decoder of the sizes of the reference GPT, its layers dealt to both stacks: 1.4 M parameters. */
export const REFERENCE_T5: T5Config = {
  ...t5Config({ vocabSize: REFERENCE_GPT.vocabSize, hiddenSize: REFERENCE_GPT.hiddenSize, numLayers: 2, numHeads: 4 }),
  feedForwardSize: REFERENCE_GPT.feedForwardSize,
  feedForward: "relu",
  numBuckets: 32,
  maxDistance: 128,
  tiedHead: true,
  scaledHead: true,
};

export function referenceT5(gpu: Gpu): EncoderDecoder {
  const random = new RandomStream(1, "reference T5");
  return new EncoderDecoder(gpu, REFERENCE_T5, () => random.normal());
}

/**
 * FLOPs of its training step on as many tokens in the encoder as in the decoder, counted as those of the reference GPT: 6 a token for
 * every weight of a product, and 12 C a token for each token that a layer may attend to. 8.5 G.
 */
export function t5TrainStepFlops(
  { config }: EncoderDecoder,
  batch: number = REFERENCE_BATCH,
  tokens: number = REFERENCE_TOKENS,
): number {
  const { hiddenSize, feedForwardSize, numLayers, numDecoderLayers, vocabSize } = config;
  const ofLayer = 4 * hiddenSize ** 2 + 2 * hiddenSize * feedForwardSize;
  // A decoder's layer attends to the source, too.
  const weights = numLayers * ofLayer + numDecoderLayers * (ofLayer + 4 * hiddenSize ** 2) + vocabSize * hiddenSize;
  const attentions = numLayers + 2 * numDecoderLayers;
  return batch * tokens * (6 * weights + 12 * attentions * tokens * hiddenSize);
}

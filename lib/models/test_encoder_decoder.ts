import type { Gpu } from "#kernels/runtime/gpu.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EncoderDecoder } from "./encoder_decoder.ts";
import { type T5Config, t5Config } from "./t5_config.ts";

/** A small configuration for tests: an odd vocabulary, heads that do not make up the hidden size, stacks of different depth. */
export const TINY_T5: T5Config = {
  ...t5Config({ vocabSize: 33, hiddenSize: 16, numLayers: 2, numHeads: 3 }),
  numDecoderLayers: 1,
  headSize: 8,
  feedForwardSize: 24,
  numBuckets: 8,
  maxDistance: 16,
};

/** A tiny encoder-decoder with random parameters of the seed; `spread` multiplies them, so that its logits differ clearly. */
export function tinyEncoderDecoder(
  gpu: Gpu,
  { seed = 1, spread = 2, ...changes }: Partial<T5Config> & { seed?: number; spread?: number } = {},
): EncoderDecoder {
  const random = new RandomStream(seed, "test encoder-decoder");
  return new EncoderDecoder(gpu, { ...TINY_T5, ...changes }, () => spread * random.normal());
}

import type { Gpu } from "#kernels/runtime/gpu.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Decoder } from "./decoder.ts";
import type { DecoderConfig, DecoderFamilyName } from "./decoder_config.ts";
import { gpt2Config } from "./gpt2.ts";
import { llamaConfig } from "./llama.ts";

/** Small decoders for tests: odd vocabularies, and grouped-query heads in LLaMA's. */
export const TINY: Readonly<Record<DecoderFamilyName, DecoderConfig>> = {
  llama: {
    ...llamaConfig({ vocabSize: 33, hiddenSize: 16, numLayers: 2, numHeads: 4, maxPositions: 40 }),
    numKvHeads: 2,
  },
  gpt2: {
    ...gpt2Config({ vocabSize: 29, hiddenSize: 16, numLayers: 2, numHeads: 2, maxPositions: 40 }),
    feedForwardSize: 24,
  },
};

/** A tiny decoder with random parameters of the seed; `spread` multiplies them, so that its logits differ clearly. */
export function tinyDecoder(
  gpu: Gpu,
  family: DecoderFamilyName = "llama",
  { seed = 1, spread = 4, ...changes }: Partial<DecoderConfig> & { seed?: number; spread?: number } = {},
): Decoder {
  const random = new RandomStream(seed, "test decoder");
  return new Decoder(gpu, { ...TINY[family], ...changes }, () => spread * random.normal());
}

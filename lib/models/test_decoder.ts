import type { Gpu } from "#kernels/runtime/gpu.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Decoder } from "./decoder.ts";
import type { DecoderConfig, DecoderFamilyName } from "./decoder_config.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";

/** The architectures, and the second form of OPT. */
export type DecoderForm = DecoderFamilyName | "opt-350m";

const small = (family: DecoderFamilyName, vocabSize: number, numHeads: number) =>
  DECODER_FAMILIES[family].smallConfig({ vocabSize, hiddenSize: 16, numLayers: 2, numHeads, maxPositions: 40 });

/** A window of the second layer alone. */
const window = { tokens: 5, layers: [false, true] };

/** A head of its own: with such weights a tied one says the last token again. */
const untied = { tiedHead: false };

/** Small decoders for tests: odd vocabularies, and grouped heads, narrow windows and heads that are not C / H wide, where there may be. */
export const TINY: Readonly<Record<DecoderForm, DecoderConfig>> = {
  llama: { ...small("llama", 33, 4), numKvHeads: 2 },
  gpt2: { ...small("gpt2", 29, 2), feedForwardSize: 24 },
  opt: { ...small("opt", 31, 2), ...untied },
  "opt-350m": { ...small("opt", 31, 2), normPlace: "after", embeddingSize: 12 },
  mistral: { ...small("mistral", 33, 4), numKvHeads: 1, window: { tokens: 6, layers: [true, true] } },
  qwen2: { ...small("qwen2", 35, 4), numKvHeads: 2, window },
  qwen3: { ...small("qwen3", 37, 4), numKvHeads: 2, headSize: 8 },
  gemma3_text: {
    ...small("gemma3_text", 39, 4),
    ...untied,
    numKvHeads: 1,
    headSize: 12,
    window: { ...window, ropeTheta: 100 },
    scoreDivisor: 7,
  },
};

export const FORMS = Object.keys(TINY) as DecoderForm[];

/** A tiny decoder with random parameters of the seed; `spread` multiplies them, so that its logits differ clearly. */
export function tinyDecoder(
  gpu: Gpu,
  form: DecoderForm = "llama",
  { seed = 1, spread = 4, ...changes }: Partial<DecoderConfig> & { seed?: number; spread?: number } = {},
): Decoder {
  const random = new RandomStream(seed, "test decoder");
  return new Decoder(gpu, { ...TINY[form], ...changes }, () => spread * random.normal());
}

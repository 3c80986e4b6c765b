import { InputError } from "#lib/errors.ts";
import { expect, flag, type Json, positive, size } from "./config_json.ts";
import type { BucketSettings } from "./relative_buckets.ts";

/** The encoder-decoders, as `model_type` of `config.json` names them; each has its entry in `T5_FAMILIES`. */
export type T5FamilyName = "t5" | "mt5";

/** What sets a family of encoder-decoders apart from the others. */
interface T5Family {
  /** As transformers names it. */
  readonly architecture: string;
  /** Whether transformers scales the hidden states before a tied head, where `config.json` does not say. */
  readonly scalesTiedHead: boolean;
}

/** Every family of encoder-decoders. */
export const T5_FAMILIES: Readonly<Record<T5FamilyName, T5Family>> = {
  t5: { architecture: "T5ForConditionalGeneration", scalesTiedHead: true },
  mt5: { architecture: "MT5ForConditionalGeneration", scalesTiedHead: false },
};

/**
 * Sizes and choices of an encoder-decoder after T5 (Raffel et al. 2020, arXiv 1910.10683), T5 v1.1 (Shazeer 2020, arXiv 2002.05202) or
 * mT5 (Xue et al. 2021, arXiv 2010.11934); the axis letters are those of kernels/README.md.
 */
export interface T5Config extends BucketSettings {
  readonly family: T5FamilyName;
  /** V */
  readonly vocabSize: number;
  /** C */
  readonly hiddenSize: number;
  /** L of the encoder */
  readonly numLayers: number;
  /** L of the decoder */
  readonly numDecoderLayers: number;
  /** H */
  readonly numHeads: number;
  /** D; H D need not be C. */
  readonly headSize: number;
  /** F */
  readonly feedForwardSize: number;
  /** `relu` in T5, `gatedGelu` in v1.1 and mT5. */
  readonly feedForward: "relu" | "gatedGelu";
  readonly normEps: number;
  /** Whether the LM head is the token embedding. */
  readonly tiedHead: boolean;
  /** Whether hidden states are multiplied by 1 / √C before the head, as T5 does where it is tied. */
  readonly scaledHead: boolean;
  /** What the decoder reads before the first token of a response. */
  readonly startId: number;
}

/** What the profiles say of an encoder-decoder's size. */
export interface T5Sizes {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Of the encoder, and as many of the decoder. */
  readonly numLayers: number;
  readonly numHeads: number;
}

/** A small model after T5 v1.1: head of its own, feed-forward twice the hidden size, few buckets since its texts are short. */
export function t5Config({ hiddenSize, numLayers, numHeads, vocabSize }: T5Sizes): T5Config {
  return {
    family: "t5",
    vocabSize,
    hiddenSize,
    numLayers,
    numDecoderLayers: numLayers,
    numHeads,
    headSize: hiddenSize / numHeads,
    feedForwardSize: 2 * hiddenSize,
    feedForward: "gatedGelu",
    numBuckets: 16,
    maxDistance: 64,
    normEps: 1e-6,
    tiedHead: false,
    scaledHead: false,
    startId: 0,
  };
}

const FEED_FORWARDS = { relu: "relu", "gated-gelu": "gatedGelu" } as const;

/** Reads the Hugging Face `config.json` of an encoder-decoder; what this project cannot compute is refused by key. */
export function parseT5Config(family: T5FamilyName, config: Json, path: string): T5Config {
  const kind = String(config.feed_forward_proj ?? "relu");
  if (!Object.hasOwn(FEED_FORWARDS, kind)) {
    const known = Object.keys(FEED_FORWARDS).join(", ");
    throw new InputError(`${path}: feed_forward_proj is "${kind}"; known are ${known}`);
  }
  expect(config, "is_encoder_decoder", true, path);
  const numLayers = size(config, "num_layers", path);
  const headSize = size(config, "d_kv", path);
  if (headSize % 4 !== 0) throw new InputError(`${path}: d_kv is ${headSize}; this computes multiples of 4`);
  const numBuckets = config.relative_attention_num_buckets == null
    ? 32
    : size(config, "relative_attention_num_buckets", path);
  if (numBuckets % 4 !== 0) {
    throw new InputError(`${path}: relative_attention_num_buckets is ${numBuckets}; it must be a multiple of 4`);
  }
  const tiedHead = config.tie_word_embeddings !== false;
  return {
    family,
    vocabSize: size(config, "vocab_size", path),
    hiddenSize: size(config, "d_model", path),
    numLayers,
    numDecoderLayers: config.num_decoder_layers == null ? numLayers : size(config, "num_decoder_layers", path),
    numHeads: size(config, "num_heads", path),
    headSize,
    feedForwardSize: size(config, "d_ff", path),
    feedForward: FEED_FORWARDS[kind as keyof typeof FEED_FORWARDS],
    numBuckets,
    maxDistance: positive(config, "relative_attention_max_distance", 128, path),
    normEps: positive(config, "layer_norm_epsilon", 1e-6, path),
    tiedHead,
    scaledHead: flag(config, "scale_decoder_outputs", T5_FAMILIES[family].scalesTiedHead && tiedHead, path),
    startId: config.decoder_start_token_id == null ? 0 : tokenId(config, "decoder_start_token_id", path),
  };
}

/** The Hugging Face `config.json`, which `parseT5Config` reads back. */
export function formatT5Config(config: T5Config): Record<string, unknown> {
  const isGated = config.feedForward === "gatedGelu";
  return {
    architectures: [T5_FAMILIES[config.family].architecture],
    model_type: config.family,
    d_ff: config.feedForwardSize,
    d_kv: config.headSize,
    d_model: config.hiddenSize,
    decoder_start_token_id: config.startId,
    dense_act_fn: isGated ? "gelu_new" : "relu",
    dropout_rate: 0,
    feed_forward_proj: isGated ? "gated-gelu" : "relu",
    is_encoder_decoder: true,
    is_gated_act: isGated,
    layer_norm_epsilon: config.normEps,
    num_decoder_layers: config.numDecoderLayers,
    num_heads: config.numHeads,
    num_layers: config.numLayers,
    relative_attention_max_distance: config.maxDistance,
    relative_attention_num_buckets: config.numBuckets,
    scale_decoder_outputs: config.scaledHead,
    tie_word_embeddings: config.tiedHead,
    vocab_size: config.vocabSize,
  };
}

function tokenId(config: Json, key: string, path: string): number {
  const value = config[key];
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw new InputError(`${path}: ${key} is ${JSON.stringify(value)}; it must be a token id`);
}

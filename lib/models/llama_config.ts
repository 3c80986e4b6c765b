import { InputError } from "#lib/errors.ts";
import { expect, flag, type Json, positive, size } from "./config_json.ts";
import { type AttentionWindow, type DecoderConfig, type DecoderSizes, headSizeOf } from "./decoder_config.ts";
import { formatRope, parseRope } from "./rope_config.ts";
import { formatLayerTypes, parseMistralWindow, parseQwenWindow } from "./window_config.ts";

/** The architectures that are LLaMA's but for small things. */
export type LlamaLineName = "llama" | "mistral" | "qwen2" | "qwen3";

/** What it means to transformers that `config.json` does not say them. */
interface HeadDefaults {
  /** Default C / H. */
  readonly headSize?: number;
  /** Default as many as heads, which null means in any case. */
  readonly numKvHeads?: number;
}

/** What sets one of them apart. */
interface LlamaLine {
  /** As transformers names it. */
  readonly architecture: string;
  /** Whether queries, keys and values have biases. */
  readonly hasBiases: boolean;
  /** Whether every query and key head is normalised before its rotation. */
  readonly hasHeadNorms: boolean;
  readonly heads?: HeadDefaults;
  /** Keys that would change what is computed, each with the one value (or its absence) that is computed. */
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly parseWindow?: (config: Json, numLayers: number, path: string) => AttentionWindow | undefined;
  /** The keys that `parseWindow` reads back. */
  readonly formatWindow?: (numLayers: number, window?: AttentionWindow) => Record<string, unknown>;
}

const qwenWindow: Pick<LlamaLine, "parseWindow" | "formatWindow"> = {
  parseWindow: parseQwenWindow,
  formatWindow: (numLayers, window) => ({
    layer_types: formatLayerTypes(numLayers, window),
    max_window_layers: window ? Math.max(0, window.layers.indexOf(true)) : numLayers,
    sliding_window: window?.tokens ?? null,
    use_sliding_window: window !== undefined,
  }),
};

export const LLAMA_LINE: Readonly<Record<LlamaLineName, LlamaLine>> = {
  llama: {
    architecture: "LlamaForCausalLM",
    hasBiases: false,
    hasHeadNorms: false,
    fixed: { attention_bias: false, hidden_act: "silu", mlp_bias: false },
  },
  mistral: {
    architecture: "MistralForCausalLM",
    hasBiases: false,
    hasHeadNorms: false,
    heads: { numKvHeads: 8 },
    fixed: { hidden_act: "silu" },
    parseWindow: parseMistralWindow,
    formatWindow: (_, window) => ({ sliding_window: window?.tokens ?? null }),
  },
  qwen2: {
    architecture: "Qwen2ForCausalLM",
    hasBiases: true,
    hasHeadNorms: false,
    heads: { numKvHeads: 32 },
    fixed: { hidden_act: "silu" },
    ...qwenWindow,
  },
  qwen3: {
    architecture: "Qwen3ForCausalLM",
    hasBiases: false,
    hasHeadNorms: true,
    heads: { headSize: 128, numKvHeads: 32 },
    fixed: { attention_bias: false, hidden_act: "silu" },
    ...qwenWindow,
  },
};

/** A small decoder as the profiles describe it: tied head, feed-forward 8/3 of the hidden size to a multiple of 8. */
export function llamaConfig(sizes: DecoderSizes, family: LlamaLineName = "llama"): DecoderConfig {
  const { hiddenSize, numHeads } = sizes;
  return {
    ...sizes,
    family,
    numKvHeads: numHeads,
    headSize: hiddenSize / numHeads,
    feedForwardSize: Math.round(hiddenSize / 3) * 8,
    normEps: 1e-6,
    ropeTheta: 10_000,
    geluApproximation: "none",
    tiedHead: true,
  };
}

export function parseLlamaConfig(family: LlamaLineName, config: Json, path: string): DecoderConfig {
  const line = LLAMA_LINE[family];
  for (const [key, value] of Object.entries(line.fixed)) expect(config, key, value, path);
  const sizes = parseHeads(config, path, line.heads);
  const { theta, scaling } = parseRope(config, path);
  const window = line.parseWindow?.(config, sizes.numLayers, path);
  return {
    family,
    ...sizes,
    feedForwardSize: size(config, "intermediate_size", path),
    maxPositions: size(config, "max_position_embeddings", path),
    normEps: positive(config, "rms_norm_eps", 1e-6, path),
    ropeTheta: theta,
    ...(scaling ? { ropeScaling: scaling } : {}),
    ...(window ? { window } : {}),
    geluApproximation: "none",
    tiedHead: flag(config, "tie_word_embeddings", false, path),
  };
}

/** Vocabulary, hidden size, layers and heads under the keys of LLaMA's line. */
export function parseHeads(config: Json, path: string, otherwise: HeadDefaults = {}) {
  const hiddenSize = size(config, "hidden_size", path);
  const numHeads = size(config, "num_attention_heads", path);
  const { num_key_value_heads: kvHeads = otherwise.numKvHeads ?? null } = config;
  const numKvHeads = kvHeads === null ? numHeads : size({ num_key_value_heads: kvHeads }, "num_key_value_heads", path);
  if (numHeads % numKvHeads !== 0) {
    throw new InputError(`${path}: ${numKvHeads} key-value heads do not divide ${numHeads} heads`);
  }
  const headSize = config.head_dim == null ? otherwise.headSize : size(config, "head_dim", path);
  return {
    vocabSize: size(config, "vocab_size", path),
    hiddenSize,
    numLayers: size(config, "num_hidden_layers", path),
    numHeads,
    numKvHeads,
    headSize: headSizeOf(hiddenSize, numHeads, path, headSize),
  };
}

export function formatLlamaConfig(config: DecoderConfig): Record<string, unknown> {
  const { architecture, fixed, formatWindow } = LLAMA_LINE[config.family as LlamaLineName];
  return {
    architectures: [architecture],
    ...fixed,
    ...formatSizes(config),
    ...formatRope({ theta: config.ropeTheta, scaling: config.ropeScaling }),
    ...formatWindow?.(config.numLayers, config.window),
  };
}

/** What LLaMA's line and Gemma write alike. */
export function formatSizes(config: DecoderConfig): Record<string, unknown> {
  return {
    model_type: config.family,
    head_dim: config.headSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.feedForwardSize,
    max_position_embeddings: config.maxPositions,
    num_attention_heads: config.numHeads,
    num_hidden_layers: config.numLayers,
    num_key_value_heads: config.numKvHeads,
    rms_norm_eps: config.normEps,
    tie_word_embeddings: config.tiedHead,
    vocab_size: config.vocabSize,
  };
}

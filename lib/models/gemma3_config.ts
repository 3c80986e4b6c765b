import { InputError } from "#lib/errors.ts";
import { expect, flag, type Json, positive, size } from "./config_json.ts";
import type { AttentionWindow, DecoderConfig, DecoderSizes } from "./decoder_config.ts";
import { formatSizes, llamaConfig, parseHeads } from "./llama_config.ts";
import { formatRopeParameters, formatScaling, parseRope, parseRopeParameters, type Rope } from "./rope_config.ts";
import { formatLayerTypes, parseLayerTypes } from "./window_config.ts";

/** Keys that would change what is computed, each with the one value (or its absence) that is computed. */
const FIXED = {
  attention_bias: false,
  attn_logit_softcapping: null,
  final_logit_softcapping: null,
  hidden_activation: "gelu_pytorch_tanh",
  use_bidirectional_attention: false,
};
/** Every so many layers one has no window. */
const PATTERN = 6;
const THETA = 1_000_000;
const WINDOW_THETA = 10_000;

/** A small decoder after Gemma 3: a window of an eighth of the longest text. */
export function gemma3Config(sizes: DecoderSizes): DecoderConfig {
  return {
    ...llamaConfig(sizes),
    family: "gemma3_text",
    ropeTheta: THETA,
    window: {
      tokens: Math.ceil(sizes.maxPositions / 8),
      layers: layersOfPattern(sizes.numLayers, PATTERN),
      ropeTheta: WINDOW_THETA,
    },
    scoreDivisor: sizes.hiddenSize / sizes.numHeads,
    geluApproximation: "tanh",
  };
}

/** Every so many layers, the last of these has no window. */
function layersOfPattern(numLayers: number, pattern: number): boolean[] {
  return Array.from({ length: numLayers }, (_, layer) => (layer + 1) % pattern !== 0);
}

/** What a missing key means is what it means to transformers, sizes aside. */
export function parseGemma3Config(config: Json, path: string): DecoderConfig {
  for (const [key, value] of Object.entries(FIXED)) expect(config, key, value, path);
  const sizes = parseHeads(config, path, { headSize: 256, numKvHeads: 4 });
  const { whole, windowed } = parseRopes(config, path);
  return {
    family: "gemma3_text",
    ...sizes,
    feedForwardSize: size(config, "intermediate_size", path),
    maxPositions: size(config, "max_position_embeddings", path),
    normEps: positive(config, "rms_norm_eps", 1e-6, path),
    ropeTheta: whole.theta,
    ...(whole.scaling ? { ropeScaling: whole.scaling } : {}),
    window: {
      tokens: config.sliding_window == null ? 4096 : size(config, "sliding_window", path),
      layers: parseLayerTypes(config, sizes.numLayers, path) ?? parsePattern(config, sizes.numLayers, path),
      ropeTheta: windowed.theta,
    },
    scoreDivisor: positive(config, "query_pre_attn_scalar", 256, path),
    geluApproximation: "tanh",
    tiedHead: flag(config, "tie_word_embeddings", true, path),
  };
}

function parsePattern(config: Json, numLayers: number, path: string): boolean[] {
  const key = config.sliding_window_pattern == null ? "_sliding_window_pattern" : "sliding_window_pattern";
  return layersOfPattern(numLayers, config[key] == null ? PATTERN : size(config, key, path));
}

/** The rotations of layers that see all, and of those with the window: as transformers 5 keeps them, or as earlier ones did. */
function parseRopes(config: Json, path: string): { whole: Rope; windowed: Rope } {
  const byKind = config.rope_parameters as Json | null | undefined;
  if (byKind == null || !("full_attention" in byKind)) {
    const whole = parseRope({ rope_theta: THETA, ...config }, path);
    return { whole, windowed: { theta: positive(config, "rope_local_base_freq", WINDOW_THETA, path) } };
  }
  const of = (kind: string, theta: number) =>
    parseRopeParameters((byKind[kind] ?? {}) as Json, `${path}: rope_parameters.${kind}`, theta);
  const windowed = of("sliding_attention", WINDOW_THETA);
  if (windowed.scaling) {
    throw new InputError(
      `${path}: rope_parameters.sliding_attention: rope_type is "${windowed.scaling.type}"; this computes "default" only`,
    );
  }
  return { whole: of("full_attention", THETA), windowed };
}

export function formatGemma3Config(config: DecoderConfig): Record<string, unknown> {
  const { ropeTheta: theta, ropeScaling: scaling, numLayers } = config;
  const window = config.window as AttentionWindow & { readonly ropeTheta: number };
  return {
    architectures: ["Gemma3ForCausalLM"],
    ...FIXED,
    ...formatSizes(config),
    layer_types: formatLayerTypes(numLayers, window),
    query_pre_attn_scalar: config.scoreDivisor,
    rope_local_base_freq: window.ropeTheta,
    rope_parameters: {
      full_attention: formatRopeParameters({ theta, scaling }),
      sliding_attention: formatRopeParameters({ theta: window.ropeTheta }),
    },
    ...(scaling ? { rope_scaling: formatScaling(scaling) } : {}),
    rope_theta: theta,
    sliding_window: window.tokens,
  };
}

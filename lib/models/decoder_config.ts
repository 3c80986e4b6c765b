import type { HeadLayout } from "#kernels/attention/attention.ts";
import { InputError } from "#lib/errors.ts";
import { expect, type Json, positive, size } from "./config_json.ts";

/** Sizes and choices of a decoder-only transformer; the axis letters are those of kernels/README.md. */
export interface DecoderConfig extends HeadLayout {
  readonly family: "gpt2" | "llama";
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

/** A small LLaMA-style decoder as the profiles describe it: tied head, feed-forward 8/3 of the hidden size to a multiple of 8. */
export function llamaConfig(sizes: DecoderSizes): DecoderConfig {
  const { hiddenSize, numHeads } = sizes;
  return {
    ...sizes,
    family: "llama",
    numKvHeads: numHeads,
    headSize: hiddenSize / numHeads,
    feedForwardSize: Math.round(hiddenSize / 3) * 8,
    normEps: 1e-6,
    ropeTheta: 10_000,
    geluApproximation: "none",
    tiedHead: true,
  };
}

/** A small decoder after GPT-2: tied head, feed-forward 4 times the hidden size. */
export function gpt2Config(sizes: DecoderSizes): DecoderConfig {
  const { hiddenSize, numHeads } = sizes;
  return {
    ...sizes,
    family: "gpt2",
    numKvHeads: numHeads,
    headSize: hiddenSize / numHeads,
    feedForwardSize: 4 * hiddenSize,
    normEps: 1e-5,
    ropeTheta: 0,
    geluApproximation: "tanh",
    tiedHead: true,
  };
}

/** Reads the Hugging Face `config.json` of a decoder; what this project cannot compute is refused by key. */
export function parseDecoderConfig(config: Json, path: string): DecoderConfig {
  return config.model_type === "gpt2" ? parseGpt2(config, path) : parseLlama(config, path);
}

function parseGpt2(config: Json, path: string): DecoderConfig {
  const hiddenSize = size(config, "n_embd", path);
  const numHeads = size(config, "n_head", path);
  const approximation = { gelu_new: "tanh", gelu_pytorch_tanh: "tanh", gelu: "none" } as const;
  const activation = String(config.activation_function ?? "gelu_new");
  if (!Object.hasOwn(approximation, activation)) {
    throw new InputError(
      `${path}: activation_function is "${activation}"; known are ${Object.keys(approximation).join(", ")}`,
    );
  }
  expect(config, "scale_attn_by_inverse_layer_idx", false, path);
  expect(config, "scale_attn_weights", true, path);
  return {
    family: "gpt2",
    vocabSize: size(config, "vocab_size", path),
    hiddenSize,
    numLayers: size(config, "n_layer", path),
    numHeads,
    numKvHeads: numHeads,
    headSize: headSize(hiddenSize, numHeads, path),
    feedForwardSize: config.n_inner == null ? 4 * hiddenSize : size(config, "n_inner", path),
    maxPositions: size(config, "n_positions", path),
    normEps: positive(config, "layer_norm_epsilon", 1e-5, path),
    ropeTheta: 0,
    geluApproximation: approximation[activation as keyof typeof approximation],
    tiedHead: config.tie_word_embeddings !== false,
  };
}

function parseLlama(config: Json, path: string): DecoderConfig {
  const hiddenSize = size(config, "hidden_size", path);
  const numHeads = size(config, "num_attention_heads", path);
  const rope = (config.rope_parameters ?? config.rope_scaling ?? {}) as Json;
  const ropeType = rope.rope_type ?? rope.type ?? "default";
  if (ropeType !== "default") {
    throw new InputError(`${path}: rope_type is ${JSON.stringify(ropeType)}; this reads "default"`);
  }
  expect(config, "attention_bias", false, path);
  expect(config, "mlp_bias", false, path);
  expect(config, "hidden_act", "silu", path);
  const numKvHeads = config.num_key_value_heads == null ? numHeads : size(config, "num_key_value_heads", path);
  if (numHeads % numKvHeads !== 0) {
    throw new InputError(`${path}: ${numKvHeads} key-value heads do not divide ${numHeads} heads`);
  }
  return {
    family: "llama",
    vocabSize: size(config, "vocab_size", path),
    hiddenSize,
    numLayers: size(config, "num_hidden_layers", path),
    numHeads,
    numKvHeads,
    headSize: headSize(
      hiddenSize,
      numHeads,
      path,
      config.head_dim == null ? undefined : size(config, "head_dim", path),
    ),
    feedForwardSize: size(config, "intermediate_size", path),
    maxPositions: size(config, "max_position_embeddings", path),
    normEps: positive(config, "rms_norm_eps", 1e-6, path),
    ropeTheta: positive(rope.rope_theta == null ? config : rope, "rope_theta", 10_000, path),
    geluApproximation: "none",
    tiedHead: config.tie_word_embeddings === true,
  };
}

/** The Hugging Face `config.json` of a decoder, which `parseDecoderConfig` reads back. */
export function formatDecoderConfig(config: DecoderConfig): Record<string, unknown> {
  const { family, vocabSize, hiddenSize, numLayers, numHeads, maxPositions, normEps } = config;
  if (family === "gpt2") {
    return {
      architectures: ["GPT2LMHeadModel"],
      model_type: "gpt2",
      activation_function: config.geluApproximation === "tanh" ? "gelu_new" : "gelu",
      layer_norm_epsilon: normEps,
      n_embd: hiddenSize,
      n_head: numHeads,
      n_inner: config.feedForwardSize,
      n_layer: numLayers,
      n_positions: maxPositions,
      tie_word_embeddings: config.tiedHead,
      vocab_size: vocabSize,
    };
  }
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    attention_bias: false,
    head_dim: config.headSize,
    hidden_act: "silu",
    hidden_size: hiddenSize,
    intermediate_size: config.feedForwardSize,
    max_position_embeddings: maxPositions,
    mlp_bias: false,
    num_attention_heads: numHeads,
    num_hidden_layers: numLayers,
    num_key_value_heads: config.numKvHeads,
    rms_norm_eps: normEps,
    rope_parameters: { rope_theta: config.ropeTheta, rope_type: "default" },
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tiedHead,
    vocab_size: vocabSize,
  };
}

/** The given size of a head, or the hidden size's share. */
function headSize(hiddenSize: number, numHeads: number, path: string, given?: number): number {
  if (given === undefined && hiddenSize % numHeads !== 0) {
    throw new InputError(`${path}: ${numHeads} heads do not divide a hidden size of ${hiddenSize}`);
  }
  const share = given ?? hiddenSize / numHeads;
  if (share % 4 !== 0) throw new InputError(`${path}: heads have size ${share}; this computes multiples of 4`);
  return share;
}

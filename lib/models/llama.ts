import { linear, linearResidual } from "#kernels/linear/linear.ts";
import { rmsNorm } from "#kernels/rms_norm/rms_norm.ts";
import { rotary } from "#kernels/rotary/rotary.ts";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { swiglu } from "#kernels/elementwise/swiglu/swiglu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { normal, ones, type ParameterSpec } from "#lib/nn/parameter_store.ts";
import { embed } from "#lib/nn/row_blocks.ts";
import { splitRows, wholeTensor } from "./checkpoint_tensor.ts";
import { expect, type Json, positive, size } from "./config_json.ts";
import { type DecoderConfig, type DecoderSizes, headSizeOf } from "./decoder_config.ts";
import type { DecoderFamily, DecoderParts } from "./decoder_family.ts";

const EMBEDDING_DEVIATION = 0.05;

/**
 * LLaMA (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU, grouped-query heads, no biases. The query, key and value
 * projections are one parameter, and so are gate and up: one product each. Checkpoints keep them apart.
 */
export const llama: DecoderFamily = {
  smallConfig: llamaConfig,
  parseConfig: parseLlama,
  formatConfig: formatLlama,

  parameterSpecs(config) {
    const { vocabSize, hiddenSize, numLayers } = config;
    const specs: ParameterSpec[] = [
      {
        name: "model.embed_tokens.weight",
        shape: [vocabSize, hiddenSize],
        decayed: true,
        initial: normal(EMBEDDING_DEVIATION),
        isTable: true,
      },
    ];
    for (let layer = 0; layer < numLayers; layer++) specs.push(...blockSpecs(config, layer));
    specs.push({ name: "model.norm.weight", shape: [hiddenSize], decayed: false, initial: ones });
    if (!config.tiedHead) specs.push({ ...matrix("lm_head.weight", vocabSize, hiddenSize), isTable: true });
    return specs;
  },

  checkpointTensors: (config) =>
    llama.parameterSpecs(config).flatMap(({ name, shape }) => {
      if (name.endsWith(".self_attn.qkv_proj.weight")) {
        return splitRows(name, shape, "qkv_proj", queryKeyValueRows(config));
      }
      if (name.endsWith(".mlp.gate_up_proj.weight")) {
        const rows = config.feedForwardSize;
        return splitRows(name, shape, "gate_up_proj", { gate_proj: rows, up_proj: rows });
      }
      return [wholeTensor(name, shape)];
    }),

  /** A base model, without a head, is stored without the first part of the names; older files hold the rotary frequencies. */
  checkpointNames: { prefixes: ["model.", ""], buffers: /\.rotary_emb\.inv_freq$/ },

  embed(tape, store, { tokenIds }) {
    const ids = tape.reshape(tape.constant(tokenIds), [elementCount(tokenIds.shape)]);
    return embed(tape, store.blocks("model.embed_tokens.weight"), ids);
  },

  block(tape, model, layer, x, batch, attend) {
    const { config } = model;
    const prefix = `model.layers.${layer}`;
    const { numHeads, numKvHeads, headSize, ropeTheta: theta } = config;
    const packed = project(
      tape,
      model,
      `${prefix}.self_attn.qkv_proj`,
      norm(tape, model, `${prefix}.input_layernorm`, x),
    );
    const qkv = tape.apply(rotary, {
      x: tape.reshape(packed, [...batch.tokenIds.shape, packed.value.shape[1]]),
      positions: tape.constant(batch.positions),
    }, { numHeads, numKvHeads, headSize, theta });
    const attended = attend(tape, qkv, layer);
    const heads = tape.reshape(attended, [x.value.shape[0], numHeads * headSize]);
    const middle = projectOnto(tape, model, `${prefix}.self_attn.o_proj`, heads, x);
    const normed = norm(tape, model, `${prefix}.post_attention_layernorm`, middle);
    const gated = tape.apply(swiglu, { x: project(tape, model, `${prefix}.mlp.gate_up_proj`, normed) }, {});
    return projectOnto(tape, model, `${prefix}.mlp.down_proj`, gated, middle);
  },

  finalNorm: (tape, model, x) => norm(tape, model, "model.norm", x),

  headParameter: (config) => config.tiedHead ? "model.embed_tokens.weight" : "lm_head.weight",
};

function norm(tape: Tape, { config, store }: DecoderParts, name: string, x: Variable): Variable {
  return tape.apply(rmsNorm, { x, weight: tape.parameter(store.get(`${name}.weight`)) }, { eps: config.normEps });
}

function project(tape: Tape, { store }: DecoderParts, name: string, x: Variable): Variable {
  return tape.apply(linear, { x, weight: tape.parameter(store.get(`${name}.weight`)) }, {});
}

function projectOnto(tape: Tape, { store }: DecoderParts, name: string, x: Variable, residual: Variable): Variable {
  return tape.apply(linearResidual, { x, weight: tape.parameter(store.get(`${name}.weight`)), residual }, {});
}

/** Matrices start from N(0, 1 / fan-in), those that write to the residual stream at half that deviation. */
function matrix(name: string, outputs: number, inputs: number, factor = 1): ParameterSpec {
  return { name, shape: [outputs, inputs], decayed: true, initial: normal(factor / Math.sqrt(inputs)) };
}

function blockSpecs(config: DecoderConfig, layer: number): ParameterSpec[] {
  const { hiddenSize, feedForwardSize, numHeads, numKvHeads, headSize } = config;
  const prefix = `model.layers.${layer}`;
  const normSpec = (name: string): ParameterSpec => ({
    name: `${prefix}.${name}.weight`,
    shape: [hiddenSize],
    decayed: false,
    initial: ones,
  });
  return [
    normSpec("input_layernorm"),
    matrix(`${prefix}.self_attn.qkv_proj.weight`, (numHeads + 2 * numKvHeads) * headSize, hiddenSize),
    matrix(`${prefix}.self_attn.o_proj.weight`, hiddenSize, numHeads * headSize, 0.5),
    normSpec("post_attention_layernorm"),
    matrix(`${prefix}.mlp.gate_up_proj.weight`, 2 * feedForwardSize, hiddenSize),
    matrix(`${prefix}.mlp.down_proj.weight`, hiddenSize, feedForwardSize, 0.5),
  ];
}

function queryKeyValueRows({ numHeads, numKvHeads, headSize }: DecoderConfig): Record<string, number> {
  return { q_proj: numHeads * headSize, k_proj: numKvHeads * headSize, v_proj: numKvHeads * headSize };
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
    headSize: headSizeOf(
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

function formatLlama(config: DecoderConfig): Record<string, unknown> {
  const { vocabSize, hiddenSize, numLayers, numHeads, maxPositions, normEps } = config;
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

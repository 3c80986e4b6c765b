import { add } from "#kernels/elementwise/add/add.ts";
import { relu } from "#kernels/elementwise/relu/relu.ts";
import { shiftIds } from "#kernels/embedding/shift_ids.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import { splitRows, wholeTensor } from "./checkpoint_tensor.ts";
import { expect, flag, type Json, size } from "./config_json.ts";
import { type DecoderConfig, type DecoderSizes, headSizeOf } from "./decoder_config.ts";
import type { Attend, DecoderFamily, DecoderParts } from "./decoder_family.ts";
import type { TokenBatch } from "./language_model.ts";
import {
  biasSpec,
  lookUp,
  normalSpec,
  normWithBias,
  normWithBiasSpecs,
  project,
  projectOnto,
  tableSpec,
} from "./layers.ts";

const STANDARD_DEVIATION = 0.02;
/** Rows of the table of positions before that of the first token; padding had them in the first training. */
const FIRST_POSITION = 2;
const sum = { xScale: 1, yScale: 1 };

/**
 * OPT (Zhang et al. 2022, arXiv 2205.01068): learned positions, LayerNorm, ReLU, biases everywhere. Norms stand before attention and
 * feed-forward as in GPT-2; in OPT-350m they stand behind the sums, there is no final norm, and embeddings are narrower than the layers,
 * with a projection from the one to the other and back. Queries, keys and values are one product.
 */
export const opt: DecoderFamily = {
  smallConfig: optConfig,
  parseConfig: parseOpt,
  formatConfig: formatOpt,

  parameterSpecs(config) {
    const { vocabSize, hiddenSize, numLayers, maxPositions } = config;
    const width = config.embeddingSize ?? hiddenSize;
    const table = (name: string, rows: number, size: number) => tableSpec(name, rows, size, STANDARD_DEVIATION);
    const projections = [
      normalSpec("model.decoder.project_in", hiddenSize, width, STANDARD_DEVIATION),
      normalSpec("model.decoder.project_out", width, hiddenSize, STANDARD_DEVIATION),
    ];
    return [
      table("model.decoder.embed_tokens", vocabSize, width),
      table("model.decoder.embed_positions", FIRST_POSITION + maxPositions, hiddenSize),
      ...(config.embeddingSize === undefined ? [] : projections),
      ...Array.from({ length: numLayers }, (_, layer) => blockSpecs(config, layer)).flat(),
      ...(normsBefore(config) ? normWithBiasSpecs("model.decoder.final_layer_norm", hiddenSize) : []),
      ...(config.tiedHead ? [] : [table("lm_head", vocabSize, width)]),
    ];
  },

  checkpointTensors: (config) =>
    opt.parameterSpecs(config).flatMap(({ name, shape }) => {
      const rows = config.hiddenSize;
      return name.includes(".self_attn.qkv_proj.")
        ? splitRows(name, shape, "qkv_proj", { q_proj: rows, k_proj: rows, v_proj: rows })
        : [wholeTensor(name, shape)];
    }),

  /** A base model, without a head, is stored without the first part of the names; older files hold the form's version. */
  checkpointNames: { prefixes: ["model.", ""], buffers: /\bdecoder\.version$/ },

  embed(tape, weights, { tokenIds, positions }) {
    const ids = tape.adopt(shiftIds(tape.gpu, positions, FIRST_POSITION));
    const tokens = lookUp(tape, { weights }, "model.decoder.embed_tokens", tokenIds);
    const places = lookUp(tape, { weights }, "model.decoder.embed_positions", ids);
    return weights.parameters.has("model.decoder.project_in.weight")
      ? projectOnto(tape, { weights }, "model.decoder.project_in", tokens, places)
      : tape.apply(add, { x: tokens, y: places }, sum);
  },

  block(tape, model, layer, x, batch, attend) {
    const prefix = `model.decoder.layers.${layer}`;
    const [attentionNorm, feedForwardNorm] = [`${prefix}.self_attn_layer_norm`, `${prefix}.final_layer_norm`];
    if (normsBefore(model.config)) {
      const middle = attention(tape, model, layer, { read: norm(tape, model, attentionNorm, x), x }, batch, attend);
      return feedForward(tape, model, prefix, norm(tape, model, feedForwardNorm, middle), middle);
    }
    const middle = norm(tape, model, attentionNorm, attention(tape, model, layer, { read: x, x }, batch, attend));
    return norm(tape, model, feedForwardNorm, feedForward(tape, model, prefix, middle, middle));
  },

  finalNorm: (tape, model, x) => normsBefore(model.config) ? norm(tape, model, "model.decoder.final_layer_norm", x) : x,

  beforeHead: (tape, model, x) =>
    model.config.embeddingSize === undefined ? x : project(tape, model, "model.decoder.project_out", x),

  headParameter: ({ tiedHead }) => tiedHead ? "model.decoder.embed_tokens.weight" : "lm_head.weight",
};

function normsBefore({ normPlace }: DecoderConfig): boolean {
  return normPlace !== "after";
}

function norm(tape: Tape, model: DecoderParts, name: string, x: Variable): Variable {
  return normWithBias(tape, model, name, x, model.config.normEps);
}

/** x + attention(read). */
function attention(
  tape: Tape,
  model: DecoderParts,
  layer: number,
  { read, x }: { readonly read: Variable; readonly x: Variable },
  batch: TokenBatch,
  attend: Attend,
): Variable {
  const prefix = `model.decoder.layers.${layer}.self_attn`;
  const packed = project(tape, model, `${prefix}.qkv_proj`, read);
  const heads = attend(tape, tape.reshape(packed, [...batch.tokenIds.shape, packed.value.shape[1]]), layer);
  return projectOnto(tape, model, `${prefix}.out_proj`, tape.reshape(heads, x.value.shape), x);
}

/** x + feed-forward(read). */
function feedForward(tape: Tape, model: DecoderParts, prefix: string, read: Variable, x: Variable): Variable {
  const inner = tape.apply(relu, { x: project(tape, model, `${prefix}.fc1`, read) }, {});
  return projectOnto(tape, model, `${prefix}.fc2`, inner, x);
}

function blockSpecs({ hiddenSize, feedForwardSize, numLayers }: DecoderConfig, layer: number): ParameterSpec[] {
  const prefix = `model.decoder.layers.${layer}`;
  const residual = STANDARD_DEVIATION / Math.sqrt(2 * numLayers);
  const layerSpecs = (name: string, outputs: number, inputs: number, deviation = STANDARD_DEVIATION) => [
    normalSpec(`${prefix}.${name}`, outputs, inputs, deviation),
    biasSpec(`${prefix}.${name}`, outputs),
  ];
  return [
    ...layerSpecs("self_attn.qkv_proj", 3 * hiddenSize, hiddenSize),
    ...layerSpecs("self_attn.out_proj", hiddenSize, hiddenSize, residual),
    ...normWithBiasSpecs(`${prefix}.self_attn_layer_norm`, hiddenSize),
    ...layerSpecs("fc1", feedForwardSize, hiddenSize),
    ...layerSpecs("fc2", hiddenSize, feedForwardSize, residual),
    ...normWithBiasSpecs(`${prefix}.final_layer_norm`, hiddenSize),
  ];
}

/** A small decoder after OPT-125m: norms before, feed-forward 4 times the hidden size. */
function optConfig(sizes: DecoderSizes): DecoderConfig {
  const { hiddenSize, numHeads } = sizes;
  return {
    ...sizes,
    family: "opt",
    numKvHeads: numHeads,
    headSize: hiddenSize / numHeads,
    feedForwardSize: 4 * hiddenSize,
    // PyTorch's, which `config.json` has no key for.
    normEps: 1e-5,
    ropeTheta: 0,
    geluApproximation: "none",
    tiedHead: true,
    normPlace: "before",
  };
}

/** Keys that would change what is computed, each with the one value (or its absence) that is computed. */
const FIXED = {
  _remove_final_layer_norm: false,
  activation_function: "relu",
  enable_bias: true,
  layer_norm_elementwise_affine: true,
};

function parseOpt(config: Json, path: string): DecoderConfig {
  for (const [key, value] of Object.entries(FIXED)) expect(config, key, value, path);
  const hiddenSize = size(config, "hidden_size", path);
  const numHeads = size(config, "num_attention_heads", path);
  const embeddingSize = config.word_embed_proj_dim == null ? hiddenSize : size(config, "word_embed_proj_dim", path);
  return {
    family: "opt",
    vocabSize: size(config, "vocab_size", path),
    hiddenSize,
    numLayers: size(config, "num_hidden_layers", path),
    numHeads,
    numKvHeads: numHeads,
    headSize: headSizeOf(hiddenSize, numHeads, path),
    feedForwardSize: size(config, "ffn_dim", path),
    maxPositions: size(config, "max_position_embeddings", path),
    normEps: 1e-5,
    ropeTheta: 0,
    geluApproximation: "none",
    tiedHead: flag(config, "tie_word_embeddings", true, path),
    normPlace: flag(config, "do_layer_norm_before", true, path) ? "before" : "after",
    ...(embeddingSize === hiddenSize ? {} : { embeddingSize }),
  };
}

function formatOpt(config: DecoderConfig): Record<string, unknown> {
  return {
    architectures: ["OPTForCausalLM"],
    model_type: "opt",
    ...FIXED,
    attention_dropout: 0,
    do_layer_norm_before: normsBefore(config),
    dropout: 0,
    ffn_dim: config.feedForwardSize,
    hidden_size: config.hiddenSize,
    max_position_embeddings: config.maxPositions,
    num_attention_heads: config.numHeads,
    num_hidden_layers: config.numLayers,
    tie_word_embeddings: config.tiedHead,
    vocab_size: config.vocabSize,
    word_embed_proj_dim: config.embeddingSize ?? config.hiddenSize,
  };
}

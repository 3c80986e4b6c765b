import { add } from "#kernels/elementwise/add/add.ts";
import { gelu } from "#kernels/elementwise/gelu/gelu.ts";
import { conv1d, conv1dResidual } from "#kernels/linear/linear.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import { wholeTensor } from "./checkpoint_tensor.ts";
import { expect, type Json, positive, size } from "./config_json.ts";
import { type DecoderConfig, type DecoderSizes, headSizeOf } from "./decoder_config.ts";
import type { DecoderFamily, DecoderParts } from "./decoder_family.ts";
import { biasSpec, lookUp, normalSpec, normWithBias, normWithBiasSpecs, tableSpec } from "./layers.ts";

const STANDARD_DEVIATION = 0.02;
const sum = { xScale: 1, yScale: 1 };

/** GPT-2 (Radford et al. 2019): learned positions, LayerNorm before each half of a block, GELU, weights transposed as `Conv1D`. */
export const gpt2: DecoderFamily = {
  smallConfig: gpt2Config,
  parseConfig: parseGpt2,
  formatConfig: formatGpt2,

  parameterSpecs(config) {
    const { vocabSize, maxPositions, hiddenSize, numLayers } = config;
    const specs = [
      table("transformer.wte", vocabSize, hiddenSize),
      table("transformer.wpe", maxPositions, hiddenSize),
    ];
    for (let layer = 0; layer < numLayers; layer++) specs.push(...blockSpecs(config, layer));
    specs.push(...normWithBiasSpecs("transformer.ln_f", hiddenSize));
    if (!config.tiedHead) specs.push(table("lm_head", vocabSize, hiddenSize));
    return specs;
  },

  checkpointTensors: (config) => gpt2.parameterSpecs(config).map(({ name, shape }) => wholeTensor(name, shape)),

  isTransposed: true,
  /** The first published checkpoints have the names without the model's, and the causal masks of each layer. */
  checkpointNames: { prefixes: ["transformer.", ""], buffers: /\.attn\.(masked_)?bias$/ },

  embed(tape, weights, { tokenIds, positions }) {
    return tape.apply(add, {
      x: lookUp(tape, { weights }, "transformer.wte", tokenIds),
      y: lookUp(tape, { weights }, "transformer.wpe", positions),
    }, sum);
  },

  block(tape, model, layer, x, batch, attend) {
    const { config } = model;
    const prefix = `transformer.h.${layer}`;
    const normed = norm(tape, model, `${prefix}.ln_1`, x);
    const qkv = project(tape, model, `${prefix}.attn.c_attn`, normed);
    const attended = attend(tape, tape.reshape(qkv, [...batch.tokenIds.shape, qkv.value.shape[1]]), layer);
    const mixed = tape.reshape(attended, x.value.shape);
    const middle = projectOnto(tape, model, `${prefix}.attn.c_proj`, mixed, x);
    const inner = project(tape, model, `${prefix}.mlp.c_fc`, norm(tape, model, `${prefix}.ln_2`, middle));
    const activated = tape.apply(gelu, { x: inner }, { approximation: config.geluApproximation });
    return projectOnto(tape, model, `${prefix}.mlp.c_proj`, activated, middle);
  },

  finalNorm: (tape, model, x) => norm(tape, model, "transformer.ln_f", x),

  headParameter: (config) => config.tiedHead ? "transformer.wte.weight" : "lm_head.weight",
};

function norm(tape: Tape, model: DecoderParts, name: string, x: Variable): Variable {
  return normWithBias(tape, model, name, x, model.config.normEps);
}

function project(tape: Tape, { weights }: DecoderParts, name: string, x: Variable): Variable {
  const weight = tape.parameter(weights.get(`${name}.weight`));
  const bias = tape.parameter(weights.get(`${name}.bias`));
  return tape.apply(conv1d, { x, weight, bias }, {});
}

function projectOnto(tape: Tape, { weights }: DecoderParts, name: string, x: Variable, residual: Variable): Variable {
  const weight = tape.parameter(weights.get(`${name}.weight`));
  const bias = tape.parameter(weights.get(`${name}.bias`));
  return tape.apply(conv1dResidual, { x, weight, bias, residual }, {});
}

function blockSpecs({ hiddenSize, feedForwardSize, numLayers }: DecoderConfig, layer: number): ParameterSpec[] {
  const prefix = `transformer.h.${layer}`;
  const residual = STANDARD_DEVIATION / Math.sqrt(2 * numLayers);
  return [
    ...normWithBiasSpecs(`${prefix}.ln_1`, hiddenSize),
    ...projectionSpecs(`${prefix}.attn.c_attn`, hiddenSize, 3 * hiddenSize),
    ...projectionSpecs(`${prefix}.attn.c_proj`, hiddenSize, hiddenSize, residual),
    ...normWithBiasSpecs(`${prefix}.ln_2`, hiddenSize),
    ...projectionSpecs(`${prefix}.mlp.c_fc`, hiddenSize, feedForwardSize),
    ...projectionSpecs(`${prefix}.mlp.c_proj`, feedForwardSize, hiddenSize, residual),
  ];
}

function table(name: string, rows: number, size: number): ParameterSpec {
  return tableSpec(name, rows, size, STANDARD_DEVIATION);
}

function projectionSpecs(
  name: string,
  inputs: number,
  outputs: number,
  standardDeviation = STANDARD_DEVIATION,
): ParameterSpec[] {
  return [normalSpec(name, inputs, outputs, standardDeviation), biasSpec(name, outputs)];
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
    headSize: headSizeOf(hiddenSize, numHeads, path),
    feedForwardSize: config.n_inner == null ? 4 * hiddenSize : size(config, "n_inner", path),
    maxPositions: size(config, "n_positions", path),
    normEps: positive(config, "layer_norm_epsilon", 1e-5, path),
    ropeTheta: 0,
    geluApproximation: approximation[activation as keyof typeof approximation],
    tiedHead: config.tie_word_embeddings !== false,
  };
}

function formatGpt2(config: DecoderConfig): Record<string, unknown> {
  const { vocabSize, hiddenSize, numLayers, numHeads, maxPositions, normEps } = config;
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

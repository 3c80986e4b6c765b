import { headNorm } from "#kernels/head_norm/head_norm.ts";
import { rmsNorm } from "#kernels/rms_norm/rms_norm.ts";
import { rotary } from "#kernels/rotary/rotary.ts";
import { swiglu } from "#kernels/elementwise/swiglu/swiglu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { type Initializer, ones, type ParameterSpec } from "#lib/nn/parameter_store.ts";
import type { CheckpointNames } from "./checkpoint_names.ts";
import { type CheckpointTensor, splitRows, wholeTensor } from "./checkpoint_tensor.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import type { Attend, DecoderFamily, DecoderParts } from "./decoder_family.ts";
import { biasSpec, lookUp, matrixSpec, parameterOf, project, projectOnto, tableSpec } from "./layers.ts";
import type { TokenBatch } from "./language_model.ts";
import { formatLlamaConfig, LLAMA_LINE, llamaConfig, type LlamaLineName, parseLlamaConfig } from "./llama_config.ts";

const EMBEDDING_DEVIATION = 0.05;

/** A base model, without a head, is stored without the first part of the names; older files hold the rotary frequencies. */
export const CHECKPOINT_NAMES: CheckpointNames = { prefixes: ["model.", ""], buffers: /\.rotary_emb\.inv_freq$/ };

/** LLaMA (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU, grouped-query heads, no biases. */
export const llama = llamaLine("llama");
/** Mistral (Jiang et al. 2023, arXiv 2310.06825): LLaMA with a window over the last tokens. */
export const mistral = llamaLine("mistral");
/** Qwen2 and 2.5 (arXiv 2407.10671): LLaMA with biases on queries, keys and values. */
export const qwen2 = llamaLine("qwen2");
/** Qwen3 (arXiv 2505.09388): LLaMA whose query and key heads are normalised before their rotation. */
export const qwen3 = llamaLine("qwen3");

/**
 * The query, key and value projections are one parameter, and so are gate and up: one product each. Checkpoints keep them apart.
 */
function llamaLine(name: LlamaLineName): DecoderFamily {
  return {
    smallConfig: (sizes) => llamaConfig(sizes, name),
    parseConfig: (config, path) => parseLlamaConfig(name, config, path),
    formatConfig: formatLlamaConfig,
    parameterSpecs: (config) => decoderSpecs(config, blockSpecs, ones),
    checkpointTensors: (config) => unpackedTensors(config, decoderSpecs(config, blockSpecs, ones)),
    checkpointNames: CHECKPOINT_NAMES,
    embed: (tape, weights, { tokenIds }) => lookUp(tape, { weights }, "model.embed_tokens", tokenIds),

    block(tape, model, layer, x, batch, attend) {
      const prefix = `model.layers.${layer}`;
      const heads = attendedHeads(tape, model, layer, norm(tape, model, `${prefix}.input_layernorm`, x), batch, attend);
      const middle = projectOnto(tape, model, `${prefix}.self_attn.o_proj`, heads, x);
      const normed = norm(tape, model, `${prefix}.post_attention_layernorm`, middle);
      const gated = tape.apply(swiglu, { x: project(tape, model, `${prefix}.mlp.gate_up_proj`, normed) }, {});
      return projectOnto(tape, model, `${prefix}.mlp.down_proj`, gated, middle);
    },

    finalNorm: (tape, model, x) => norm(tape, model, "model.norm", x),
    headParameter,
  };
}

export function headParameter({ tiedHead }: DecoderConfig): string {
  return tiedHead ? "model.embed_tokens.weight" : "lm_head.weight";
}

function norm(tape: Tape, model: DecoderParts, name: string, x: Variable): Variable {
  return tape.apply(rmsNorm, { x, weight: parameterOf(tape, model, `${name}.weight`) }, { eps: model.config.normEps });
}

/** Queries, keys and values of normed hidden states, rotated and attended to: `"N C"` → `"N H·D"`. Head norms where there are weights. */
export function attendedHeads(
  tape: Tape,
  model: DecoderParts,
  layer: number,
  normed: Variable,
  batch: TokenBatch,
  attend: Attend,
  offset: 0 | 1 = 0,
): Variable {
  const { config, weights } = model;
  const { numHeads, numKvHeads, headSize, window } = config;
  const layout = { numHeads, numKvHeads, headSize };
  const name = `model.layers.${layer}.self_attn`;
  const packed = project(tape, model, `${name}.qkv_proj`, normed);
  let qkv = tape.reshape(packed, [...batch.tokenIds.shape, packed.value.shape[1]]);
  if (weights.parameters.has(`${name}.q_norm.weight`)) {
    const queryWeight = parameterOf(tape, model, `${name}.q_norm.weight`);
    const keyWeight = parameterOf(tape, model, `${name}.k_norm.weight`);
    qkv = tape.apply(headNorm, { x: qkv, queryWeight, keyWeight }, { ...layout, eps: config.normEps, offset });
  }
  const rope = window?.ropeTheta !== undefined && window.layers[layer]
    ? { theta: window.ropeTheta }
    : { theta: config.ropeTheta, scaling: config.ropeScaling };
  const rotated = tape.apply(rotary, { x: qkv, positions: tape.constant(batch.positions) }, { ...layout, ...rope });
  return tape.reshape(attend(tape, rotated, layer), [normed.value.shape[0], numHeads * headSize]);
}

/** Embedding, blocks, final norm and head under the names of LLaMA's line. */
export function decoderSpecs(
  config: DecoderConfig,
  specsOfBlock: (config: DecoderConfig, layer: number) => ParameterSpec[],
  normInitial: Initializer,
): ParameterSpec[] {
  const { vocabSize, hiddenSize, numLayers } = config;
  return [
    tableSpec("model.embed_tokens", vocabSize, hiddenSize, EMBEDDING_DEVIATION),
    ...Array.from({ length: numLayers }, (_, layer) => specsOfBlock(config, layer)).flat(),
    normSpec("model.norm", hiddenSize, normInitial),
    ...(config.tiedHead ? [] : [tableSpec("lm_head", vocabSize, hiddenSize, 1 / Math.sqrt(hiddenSize))]),
  ];
}

/** The tensors of a checkpoint, which keeps queries, keys and values apart, and gate and up. */
export function unpackedTensors(config: DecoderConfig, specs: readonly ParameterSpec[]): CheckpointTensor[] {
  const { numHeads, numKvHeads, headSize, feedForwardSize: rows } = config;
  const kv = numKvHeads * headSize;
  return specs.flatMap(({ name, shape }) => {
    if (name.includes(".self_attn.qkv_proj.")) {
      return splitRows(name, shape, "qkv_proj", { q_proj: numHeads * headSize, k_proj: kv, v_proj: kv });
    }
    if (name.endsWith(".mlp.gate_up_proj.weight")) {
      return splitRows(name, shape, "gate_up_proj", { gate_proj: rows, up_proj: rows });
    }
    return [wholeTensor(name, shape)];
  });
}

function blockSpecs(config: DecoderConfig, layer: number): ParameterSpec[] {
  const prefix = `model.layers.${layer}`;
  const { hasBiases, hasHeadNorms } = LLAMA_LINE[config.family as LlamaLineName];
  const packed = (config.numHeads + 2 * config.numKvHeads) * config.headSize;
  const [attention, feedForward] = matrixSpecs(config, layer);
  return [
    normSpec(`${prefix}.input_layernorm`, config.hiddenSize, ones),
    ...attention,
    ...(hasBiases ? [biasSpec(`${prefix}.self_attn.qkv_proj`, packed)] : []),
    ...(hasHeadNorms ? headNormSpecs(config, layer, ones) : []),
    normSpec(`${prefix}.post_attention_layernorm`, config.hiddenSize, ones),
    ...feedForward,
  ];
}

/** The matrices of attention, and those of the feed-forward; those that write to the residual stream start smaller. */
export function matrixSpecs(config: DecoderConfig, layer: number): [ParameterSpec[], ParameterSpec[]] {
  const { hiddenSize, feedForwardSize, numHeads, numKvHeads, headSize } = config;
  const [attention, feedForward] = [`model.layers.${layer}.self_attn`, `model.layers.${layer}.mlp`];
  return [
    [
      matrixSpec(`${attention}.qkv_proj`, (numHeads + 2 * numKvHeads) * headSize, hiddenSize),
      matrixSpec(`${attention}.o_proj`, hiddenSize, numHeads * headSize, 0.5),
    ],
    [
      matrixSpec(`${feedForward}.gate_up_proj`, 2 * feedForwardSize, hiddenSize),
      matrixSpec(`${feedForward}.down_proj`, hiddenSize, feedForwardSize, 0.5),
    ],
  ];
}

export function headNormSpecs({ headSize }: DecoderConfig, layer: number, initial: Initializer): ParameterSpec[] {
  return ["q_norm", "k_norm"].map((name) => normSpec(`model.layers.${layer}.self_attn.${name}`, headSize, initial));
}

export function normSpec(name: string, size: number, initial: Initializer): ParameterSpec {
  return { name: `${name}.weight`, shape: [size], decayed: false, initial };
}

import { geglu } from "#kernels/elementwise/geglu/geglu.ts";
import { relu } from "#kernels/elementwise/relu/relu.ts";
import { rmsNorm } from "#kernels/rms_norm/rms_norm.ts";
import { elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { normal, ones, type ParameterSpec } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
import type { CheckpointNames } from "./checkpoint_names.ts";
import { embed } from "#lib/nn/row_blocks.ts";
import { type CheckpointTensor, splitRows, wholeTensor } from "./checkpoint_tensor.ts";
import { project, projectOnto } from "./layers.ts";
import type { T5Config } from "./t5_config.ts";

// The parts of T5: its parameters under the names of Hugging Face checkpoints, and its sublayers. Projections of one input are one
// parameter and one product (query, key, value; the source's key, value; gate, up); checkpoints keep them apart.

const SELF_ATTENTION = "layer.0.SelfAttention";
const SOURCE_ATTENTION = "layer.1.EncDecAttention";

export type Stack = "encoder" | "decoder";

export interface T5Parts {
  readonly config: T5Config;
  readonly weights: Weights;
}

/** What attends: queries and the keys they see, packed, → heads side by side, `"N H·D"`. */
export type AttendPacked = (packed: Variable) => Variable;

/**
 * Both stacks may hold the embedding again. The first published checkpoints have a bias of distances to the source, which T5 never
 * reads: transformers leaves it out by this name.
 */
export const T5_CHECKPOINT_NAMES: CheckpointNames = {
  prefixes: [""],
  buffers: /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
  embeddingCopies: ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"],
};

export function t5ParameterSpecs(config: T5Config): ParameterSpec[] {
  const { vocabSize, hiddenSize, numLayers, numDecoderLayers } = config;
  return [
    // Of deviation 1, as T5's: the norms that follow make the scale of the sum matter.
    { name: "shared.weight", shape: [vocabSize, hiddenSize], decayed: true, initial: normal(1), isTable: true },
    ...Array.from({ length: numLayers }, (_, layer) => encoderBlockSpecs(config, layer)).flat(),
    normSpec("encoder.final_layer_norm", config),
    ...Array.from({ length: numDecoderLayers }, (_, layer) => decoderBlockSpecs(config, layer)).flat(),
    normSpec("decoder.final_layer_norm", config),
    ...(config.tiedHead ? [] : [{ ...matrix("lm_head.weight", vocabSize, hiddenSize), isTable: true }]),
  ];
}

export function t5CheckpointTensors(config: T5Config): CheckpointTensor[] {
  const heads = config.numHeads * config.headSize;
  const { feedForwardSize } = config;
  return t5ParameterSpecs(config).flatMap(({ name, shape }) => {
    if (name.endsWith(".qkv.weight")) return splitRows(name, shape, "qkv", { q: heads, k: heads, v: heads });
    if (name.endsWith(".kv.weight")) return splitRows(name, shape, "kv", { k: heads, v: heads });
    if (name.endsWith(".wi_01.weight")) {
      return splitRows(name, shape, "wi_01", { wi_0: feedForwardSize, wi_1: feedForwardSize });
    }
    return [wholeTensor(name, shape)];
  });
}

/** The learned bias of each bucket and head, `"R H"`, which all layers of a stack share. */
export function relativeBias(tape: Tape, { weights }: T5Parts, stack: Stack): Variable {
  return tape.parameter(weights.get(biasName(stack)));
}

export function embedTokens(tape: Tape, { weights }: T5Parts, tokenIds: Tensor): Variable {
  const ids = tape.reshape(tape.constant(tokenIds), [elementCount(tokenIds.shape)]);
  return embed(tape, weights.blocks("shared.weight"), ids);
}

/** x + attention(norm(x)) of one layer, `"N C"` → `"N C"`. */
export function selfAttention(
  tape: Tape,
  parts: T5Parts,
  stack: Stack,
  layer: number,
  x: Variable,
  attend: AttendPacked,
): Variable {
  const name = `${stack}.block.${layer}.${SELF_ATTENTION}`;
  const packed = project(
    tape,
    parts,
    `${name}.qkv`,
    norm(tape, parts, `${stack}.block.${layer}.layer.0.layer_norm`, x),
  );
  return projectOnto(tape, parts, `${name}.o`, attend(packed), x);
}

/** x + attention(norm(x)) to the source; `attend` is given the queries. */
export function sourceAttention(
  tape: Tape,
  parts: T5Parts,
  layer: number,
  x: Variable,
  attend: AttendPacked,
): Variable {
  const name = `decoder.block.${layer}.${SOURCE_ATTENTION}`;
  const queries = project(tape, parts, `${name}.q`, norm(tape, parts, `decoder.block.${layer}.layer.1.layer_norm`, x));
  return projectOnto(tape, parts, `${name}.o`, attend(queries), x);
}

/** Keys and values of the encoded source for one decoder layer, `"N C"` → `"N 2·H·D"`. */
export function sourceKeyValues(tape: Tape, parts: T5Parts, layer: number, encoded: Variable): Variable {
  return project(tape, parts, `decoder.block.${layer}.${SOURCE_ATTENTION}.kv`, encoded);
}

/** x + feed-forward(norm(x)). */
export function feedForward(tape: Tape, parts: T5Parts, stack: Stack, layer: number, x: Variable): Variable {
  const block = `${stack}.block.${layer}.layer.${feedForwardIndex(stack)}`;
  const normed = norm(tape, parts, `${block}.layer_norm`, x);
  const inner = parts.config.feedForward === "relu"
    ? tape.apply(relu, { x: project(tape, parts, `${block}.DenseReluDense.wi`, normed) }, {})
    : tape.apply(geglu, { x: project(tape, parts, `${block}.DenseReluDense.wi_01`, normed) }, {});
  return projectOnto(tape, parts, `${block}.DenseReluDense.wo`, inner, x);
}

export function finalNorm(tape: Tape, parts: T5Parts, stack: Stack, x: Variable): Variable {
  return norm(tape, parts, `${stack}.final_layer_norm`, x);
}

function norm(tape: Tape, { config, weights }: T5Parts, name: string, x: Variable): Variable {
  return tape.apply(rmsNorm, { x, weight: tape.parameter(weights.get(`${name}.weight`)) }, { eps: config.normEps });
}

function encoderBlockSpecs(config: T5Config, layer: number): ParameterSpec[] {
  return [...selfAttentionSpecs(config, "encoder", layer), ...feedForwardSpecs(config, "encoder", layer)];
}

function decoderBlockSpecs(config: T5Config, layer: number): ParameterSpec[] {
  const { hiddenSize, numHeads, headSize } = config;
  const heads = numHeads * headSize;
  const name = `decoder.block.${layer}.${SOURCE_ATTENTION}`;
  return [
    ...selfAttentionSpecs(config, "decoder", layer),
    normSpec(`decoder.block.${layer}.layer.1.layer_norm`, config),
    matrix(`${name}.q.weight`, heads, hiddenSize, 1 / Math.sqrt(headSize)),
    matrix(`${name}.kv.weight`, 2 * heads, hiddenSize),
    matrix(`${name}.o.weight`, hiddenSize, heads),
    ...feedForwardSpecs(config, "decoder", layer),
  ];
}

function selfAttentionSpecs(config: T5Config, stack: Stack, layer: number): ParameterSpec[] {
  const { hiddenSize, numHeads, headSize, numBuckets } = config;
  const heads = numHeads * headSize;
  const name = `${stack}.block.${layer}.${SELF_ATTENTION}`;
  const bias: ParameterSpec = {
    name: biasName(stack),
    shape: [numBuckets, numHeads],
    decayed: true,
    initial: normal(1 / Math.sqrt(hiddenSize)),
  };
  return [
    normSpec(`${stack}.block.${layer}.layer.0.layer_norm`, config),
    { ...matrix(`${name}.qkv.weight`, 3 * heads, hiddenSize), initial: packedInitial(config) },
    matrix(`${name}.o.weight`, hiddenSize, heads),
    ...(layer === 0 ? [bias] : []),
  ];
}

function feedForwardSpecs(config: T5Config, stack: Stack, layer: number): ParameterSpec[] {
  const { hiddenSize, feedForwardSize } = config;
  const block = `${stack}.block.${layer}.layer.${feedForwardIndex(stack)}`;
  return [
    normSpec(`${block}.layer_norm`, config),
    config.feedForward === "relu"
      ? matrix(`${block}.DenseReluDense.wi.weight`, feedForwardSize, hiddenSize)
      : matrix(`${block}.DenseReluDense.wi_01.weight`, 2 * feedForwardSize, hiddenSize),
    matrix(`${block}.DenseReluDense.wo.weight`, hiddenSize, feedForwardSize),
  ];
}

/** Queries start smaller by 1 / √D, since T5's scores are not divided by it. */
function packedInitial({ hiddenSize, numHeads, headSize }: T5Config): ParameterSpec["initial"] {
  const queries = numHeads * headSize * hiddenSize;
  const deviation = 1 / Math.sqrt(hiddenSize);
  return (count, draw) =>
    Float32Array.from(
      { length: count },
      (_, i) => draw() * (i < queries ? deviation / Math.sqrt(headSize) : deviation),
    );
}

/** Matrices start from N(0, factor² / fan-in). */
function matrix(name: string, outputs: number, inputs: number, factor = 1): ParameterSpec {
  return { name, shape: [outputs, inputs], decayed: true, initial: normal(factor / Math.sqrt(inputs)) };
}

function normSpec(name: string, { hiddenSize }: T5Config): ParameterSpec {
  return { name: `${name}.weight`, shape: [hiddenSize], decayed: false, initial: ones };
}

function biasName(stack: Stack): string {
  return `${stack}.block.0.${SELF_ATTENTION}.relative_attention_bias.weight`;
}

function feedForwardIndex(stack: Stack): number {
  return stack === "encoder" ? 1 : 2;
}

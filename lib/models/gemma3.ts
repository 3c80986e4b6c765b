import { add } from "#kernels/elementwise/add/add.ts";
import { geglu } from "#kernels/elementwise/geglu/geglu.ts";
import { scale } from "#kernels/elementwise/scale/scale.ts";
import { rmsNorm } from "#kernels/rms_norm/rms_norm.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { type ParameterSpec, zeros } from "#lib/nn/parameter_store.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import type { DecoderFamily, DecoderParts } from "./decoder_family.ts";
import { formatGemma3Config, gemma3Config, parseGemma3Config } from "./gemma3_config.ts";
import { lookUp, parameterOf, project } from "./layers.ts";
import {
  attendedHeads,
  CHECKPOINT_NAMES,
  decoderSpecs,
  headNormSpecs,
  headParameter,
  matrixSpecs,
  normSpec,
  unpackedTensors,
} from "./llama.ts";

const both = { xScale: 1, yScale: 1 };

/**
 * The text model of Gemma 3 (arXiv 2503.19786): LLaMA's layers with norms in front of and behind attention and feed-forward, norms of the
 * query and key heads, weights of norms kept less one, GEGLU, embeddings times √C, and windows in most layers, which have rotary
 * frequencies of their own.
 */
export const gemma3: DecoderFamily = {
  smallConfig: gemma3Config,
  parseConfig: parseGemma3Config,
  formatConfig: formatGemma3Config,
  parameterSpecs: (config) => decoderSpecs(config, blockSpecs, zeros),
  checkpointTensors: (config) => unpackedTensors(config, gemma3.parameterSpecs(config)),
  checkpointNames: CHECKPOINT_NAMES,

  embed(tape, weights, { tokenIds }) {
    const x = lookUp(tape, { weights }, "model.embed_tokens", tokenIds);
    return tape.apply(scale, { x }, { factor: Math.sqrt(x.value.shape[1]) });
  },

  block(tape, model, layer, x, batch, attend) {
    const prefix = `model.layers.${layer}`;
    const normed = norm(tape, model, `${prefix}.input_layernorm`, x);
    const heads = attendedHeads(tape, model, layer, normed, batch, attend, 1);
    const attended = project(tape, model, `${prefix}.self_attn.o_proj`, heads);
    const middle = tape.apply(add, {
      x,
      y: norm(tape, model, `${prefix}.post_attention_layernorm`, attended),
    }, both);
    const inner = norm(tape, model, `${prefix}.pre_feedforward_layernorm`, middle);
    const gated = tape.apply(geglu, { x: project(tape, model, `${prefix}.mlp.gate_up_proj`, inner) }, {});
    const fed = project(tape, model, `${prefix}.mlp.down_proj`, gated);
    const y = norm(tape, model, `${prefix}.post_feedforward_layernorm`, fed);
    return tape.apply(add, { x: middle, y }, both);
  },

  finalNorm: (tape, model, x) => norm(tape, model, "model.norm", x),
  headParameter,
};

function norm(tape: Tape, model: DecoderParts, name: string, x: Variable): Variable {
  const weight = parameterOf(tape, model, `${name}.weight`);
  return tape.apply(rmsNorm, { x, weight }, { eps: model.config.normEps, offset: 1 });
}

function blockSpecs(config: DecoderConfig, layer: number): ParameterSpec[] {
  const [attention, feedForward] = matrixSpecs(config, layer);
  const norm = (name: string) => normSpec(`model.layers.${layer}.${name}_layernorm`, config.hiddenSize, zeros);
  return [
    normSpec(`model.layers.${layer}.input_layernorm`, config.hiddenSize, zeros),
    ...attention,
    ...headNormSpecs(config, layer, zeros),
    norm("post_attention"),
    norm("pre_feedforward"),
    ...feedForward,
    norm("post_feedforward"),
  ];
}

import { add } from "#kernels/elementwise/add/add.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import { gelu } from "#kernels/elementwise/gelu/gelu.ts";
import { layerNorm } from "#kernels/layer_norm/layer_norm.ts";
import { conv1d, conv1dResidual } from "#kernels/linear/linear.ts";
import { elementCount } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { normal, ones, type ParameterSpec, zeros } from "#lib/nn/parameter_store.ts";
import { wholeTensor } from "./checkpoint_tensor.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import type { DecoderFamily, DecoderParts } from "./decoder_family.ts";

const STANDARD_DEVIATION = 0.02;
const sum = { xScale: 1, yScale: 1 };

/** GPT-2 (Radford et al. 2019): learned positions, LayerNorm before each half of a block, GELU, weights transposed as `Conv1D`. */
export const gpt2: DecoderFamily = {
  parameterSpecs(config) {
    const { vocabSize, maxPositions, hiddenSize, numLayers } = config;
    const specs = [
      matrix("transformer.wte.weight", [vocabSize, hiddenSize]),
      matrix("transformer.wpe.weight", [maxPositions, hiddenSize]),
    ];
    for (let layer = 0; layer < numLayers; layer++) specs.push(...blockSpecs(config, layer));
    specs.push(...normSpecs("transformer.ln_f", hiddenSize));
    if (!config.tiedHead) specs.push(matrix("lm_head.weight", [vocabSize, hiddenSize]));
    return specs;
  },

  checkpointTensors: (config) => gpt2.parameterSpecs(config).map(({ name, shape }) => wholeTensor(name, shape)),

  embed(tape, store, { tokenIds, positions }) {
    const rows = [elementCount(tokenIds.shape)];
    const lookUp = (name: string, ids: Variable) =>
      tape.apply(embedding, { table: tape.parameter(store.get(name)), ids: tape.reshape(ids, rows) }, {});
    return tape.apply(add, {
      x: lookUp("transformer.wte.weight", tape.constant(tokenIds)),
      y: lookUp("transformer.wpe.weight", tape.constant(positions)),
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

function norm(tape: Tape, { config, store }: DecoderParts, name: string, x: Variable): Variable {
  const weight = tape.parameter(store.get(`${name}.weight`));
  const bias = tape.parameter(store.get(`${name}.bias`));
  return tape.apply(layerNorm, { x, weight, bias }, { eps: config.normEps });
}

function project(tape: Tape, { store }: DecoderParts, name: string, x: Variable): Variable {
  const weight = tape.parameter(store.get(`${name}.weight`));
  const bias = tape.parameter(store.get(`${name}.bias`));
  return tape.apply(conv1d, { x, weight, bias }, {});
}

function projectOnto(tape: Tape, { store }: DecoderParts, name: string, x: Variable, residual: Variable): Variable {
  const weight = tape.parameter(store.get(`${name}.weight`));
  const bias = tape.parameter(store.get(`${name}.bias`));
  return tape.apply(conv1dResidual, { x, weight, bias, residual }, {});
}

function blockSpecs({ hiddenSize, feedForwardSize, numLayers }: DecoderConfig, layer: number): ParameterSpec[] {
  const prefix = `transformer.h.${layer}`;
  const residual = STANDARD_DEVIATION / Math.sqrt(2 * numLayers);
  return [
    ...normSpecs(`${prefix}.ln_1`, hiddenSize),
    ...projectionSpecs(`${prefix}.attn.c_attn`, hiddenSize, 3 * hiddenSize),
    ...projectionSpecs(`${prefix}.attn.c_proj`, hiddenSize, hiddenSize, residual),
    ...normSpecs(`${prefix}.ln_2`, hiddenSize),
    ...projectionSpecs(`${prefix}.mlp.c_fc`, hiddenSize, feedForwardSize),
    ...projectionSpecs(`${prefix}.mlp.c_proj`, feedForwardSize, hiddenSize, residual),
  ];
}

function matrix(name: string, shape: number[], standardDeviation = STANDARD_DEVIATION): ParameterSpec {
  return { name, shape, decayed: true, initial: normal(standardDeviation) };
}

function projectionSpecs(name: string, inputs: number, outputs: number, standardDeviation?: number): ParameterSpec[] {
  return [
    matrix(`${name}.weight`, [inputs, outputs], standardDeviation),
    { name: `${name}.bias`, shape: [outputs], decayed: false, initial: zeros },
  ];
}

function normSpecs(name: string, size: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [size], decayed: false, initial: ones },
    { name: `${name}.bias`, shape: [size], decayed: false, initial: zeros },
  ];
}

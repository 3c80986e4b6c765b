import { layerNorm } from "#kernels/layer_norm/layer_norm.ts";
import { linear, linearResidual, linearWithBias, linearWithBiasResidual } from "#kernels/linear/linear.ts";
import { elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { normal, ones, type ParameterSpec, zeros } from "#lib/nn/parameter_store.ts";
import { embed } from "#lib/nn/row_blocks.ts";
import type { Weights } from "#lib/nn/weights.ts";

// Layers that several architectures have, each named by the start of its parameters' names.

/** What holds the parameters. */
export interface Layers {
  readonly weights: Weights;
}

export function parameterOf(tape: Tape, { weights }: Layers, name: string): Variable {
  return tape.parameter(weights.get(name));
}

/** The rows of a table for ids of any shape: `"N C"`. */
export function lookUp(tape: Tape, layers: Layers, name: string, ids: Tensor): Variable {
  const rows = tape.reshape(tape.constant(ids), [elementCount(ids.shape)]);
  return embed(tape, layers.weights.blocks(`${name}.weight`), rows);
}

/** x Wᵀ, plus the bias if the layer has one. */
export function project(tape: Tape, layers: Layers, name: string, x: Variable): Variable {
  const weight = parameterOf(tape, layers, `${name}.weight`);
  return hasBias(layers, name)
    ? tape.apply(linearWithBias, { x, weight, bias: parameterOf(tape, layers, `${name}.bias`) }, {})
    : tape.apply(linear, { x, weight }, {});
}

/** The same, added to a residual stream. */
export function projectOnto(tape: Tape, layers: Layers, name: string, x: Variable, residual: Variable): Variable {
  const weight = parameterOf(tape, layers, `${name}.weight`);
  return hasBias(layers, name)
    ? tape.apply(linearWithBiasResidual, { x, weight, bias: parameterOf(tape, layers, `${name}.bias`), residual }, {})
    : tape.apply(linearResidual, { x, weight, residual }, {});
}

function hasBias({ weights }: Layers, name: string): boolean {
  return weights.parameters.has(`${name}.bias`);
}

export function normWithBias(tape: Tape, layers: Layers, name: string, x: Variable, eps: number): Variable {
  const weight = parameterOf(tape, layers, `${name}.weight`);
  return tape.apply(layerNorm, { x, weight, bias: parameterOf(tape, layers, `${name}.bias`) }, { eps });
}

export function normWithBiasSpecs(name: string, size: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [size], decayed: false, initial: ones },
    biasSpec(name, size),
  ];
}

export function biasSpec(name: string, size: number): ParameterSpec {
  return { name: `${name}.bias`, shape: [size], decayed: false, initial: zeros };
}

/** The weight of a linear layer. It starts from N(0, factor² / fan-in). */
export function matrixSpec(name: string, outputs: number, inputs: number, factor = 1): ParameterSpec {
  return {
    name: `${name}.weight`,
    shape: [outputs, inputs],
    decayed: true,
    initial: normal(factor / Math.sqrt(inputs)),
  };
}

/** A matrix that starts from N(0, deviation²). */
export function normalSpec(name: string, rows: number, size: number, deviation: number): ParameterSpec {
  return { name: `${name}.weight`, shape: [rows, size], decayed: true, initial: normal(deviation) };
}

/** A table that is read by rows alone, for embeddings and output heads; it starts from N(0, deviation²). */
export function tableSpec(name: string, rows: number, size: number, deviation: number): ParameterSpec {
  return { ...normalSpec(name, rows, size, deviation), isTable: true };
}

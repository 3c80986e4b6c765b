import type { NarrowForm } from "#kernels/widen/narrow.ts";
import { type LoraOptions, loraPlaces } from "#lib/models/lora.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { parameterPlanOf } from "#lib/models/parameter_plan.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import { keptNumbers, type TextShape } from "./activations.ts";
import { parameterCount, parametersOf, product, sum } from "./parameters.ts";

/** What a distillation does to hold less; default nothing of it. */
export interface Saving {
  /** Of a step's texts, those that are read at once. */
  readonly textsAtOnce?: number;
  /** Whether backward runs the layers again instead of keeping what they made. */
  readonly recompute?: boolean;
  /** Fewer bits for the teacher's matrices. */
  readonly teacherForm?: NarrowForm;
  /** Fewer bits for the matrices of a student that learns by changes of low rank, which stand still. */
  readonly studentForm?: NarrowForm;
  /** Whether the teacher is not in memory while the student trains: what it is asked for is asked before. */
  readonly teacherApart?: boolean;
  /** How many of its likeliest tokens at each state are on the disk, where the student learns from these. */
  readonly topTokens?: number;
  /** Changes of low rank by which the student learns, of these layers. */
  readonly lora?: Pick<LoraOptions, "rank" | "scale" | "targets">;
}

const BYTES = 4;
const NARROW_BYTES: Readonly<Record<NarrowForm, number>> = { f16: 2, bf16: 2, int8: 1 };

/** Whether a parameter is kept in fewer bits where matrices are: `NarrowStore` decides alike. */
function isNarrowed({ shape, decayed }: ParameterSpec): boolean {
  return decayed && shape.length === 2 && shape[1] % 4 === 0;
}

/** Bytes of a model's weights, matrices in a form. */
export function weightBytes(config: ModelConfig, form?: NarrowForm): number {
  return sum(
    parametersOf(config).map((parameter) => {
      const { shape } = parameter;
      if (form === undefined || !isNarrowed(parameter)) return BYTES * product(shape);
      return NARROW_BYTES[form] * product(shape) + (form === "int8" ? BYTES * shape[0] : 0);
    }),
  );
}

/** What is widened at once of a model whose matrices are in fewer bits. */
export function widenedBytes(config: ModelConfig): number {
  const most = parametersOf(config).filter(({ isTable }) => !isTable).map(({ shape }) => BYTES * product(shape));
  const table = Math.max(
    ...parametersOf(config).filter(({ isTable }) => isTable).map(({ shape }) => BYTES * product(shape)),
  );
  return Math.max(...most, Math.min(table, 1 << 26));
}

/** What is widened at once of a student whose matrices are in fewer bits: those of a layer that runs again, or the largest part of a table. */
export function widenedLayerBytes(config: ModelConfig): number {
  const layer = sum(
    parametersOf(config).filter((parameter) => isNarrowed(parameter) && /\.0\./.test(parameter.name))
      .map(({ shape }) => BYTES * product(shape)),
  );
  return Math.max(layer, widenedBytes(config));
}

/** Numbers by which a student learns. */
export function learnedNumbers(config: ModelConfig, { lora }: Saving): number {
  if (!lora) return parameterCount(config);
  const { tensors, specs, isTransposed } = parameterPlanOf(config);
  const places = loraPlaces(tensors, specs, lora.targets, isTransposed);
  return sum(places.map(({ shape: [rows, columns] }) => lora.rank * (rows + columns)));
}

/** Bytes of weights with their changes added, which are made where they are used: all of them for backward, or the largest at a time. */
export function changedBytes(config: ModelConfig, { lora, recompute = false }: Saving): number {
  if (!lora) return 0;
  const { tensors, specs, isTransposed } = parameterPlanOf(config);
  const changed = new Set(loraPlaces(tensors, specs, lora.targets, isTransposed).map(({ parameter }) => parameter));
  const bytes = specs.filter(({ name }) => changed.has(name)).map(({ shape }) => BYTES * product(shape));
  return recompute ? Math.max(...bytes) : sum(bytes);
}

/** Numbers that the tape keeps of the student's pass. */
export function activationNumbers(config: ModelConfig, texts: TextShape, { recompute = false }: Saving): number {
  const all = keptNumbers(config, texts);
  if (!recompute) return all;
  // What a block hands to the next, and all that one block makes, twice: as it runs again, and its gradients.
  const [one, two] = [1, 2].map((layers) => keptNumbers(withLayers(config, layers), texts));
  const layers = "startId" in config ? config.numLayers + config.numDecoderLayers : config.numLayers;
  return one + layers * texts.batch * texts.tokens * config.hiddenSize + (two - one);
}

export function withLayers(config: ModelConfig, layers: number): ModelConfig {
  return "startId" in config
    ? { ...config, numLayers: layers, numDecoderLayers: layers }
    : { ...config, numLayers: layers };
}

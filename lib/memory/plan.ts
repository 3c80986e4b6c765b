import { DECODER_FAMILIES } from "#lib/models/decoder_families.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { t5ParameterSpecs } from "#lib/models/t5.ts";
import { cachedNumbers, keptNumbers, type TextShape } from "./activations.ts";

/** All numbers on the GPU are float32. */
const BYTES = 4;
/** What buffers that come and go have beyond their content: the pool makes them of size classes, which are a third over it at most. */
const ROUNDING = 1 / 3;

/** What a run holds for one purpose. */
export interface MemoryPart {
  /** As in `student: weights`. */
  readonly name: string;
  readonly bytes: number;
}

/** A tensor that one binding has to hold. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Whether it may lie in several bindings, block by block of its rows: the tables of a vocabulary. */
  readonly isTable: boolean;
  /** Whether fewer texts at once make it smaller. */
  readonly growsWithTexts: boolean;
}

/** The memory of a distillation before it starts. */
export interface MemoryPlan {
  readonly parts: readonly MemoryPart[];
  readonly totalBytes: number;
  /** Those that could be over a limit, the largest first. */
  readonly tensors: readonly PlannedTensor[];
}

/** A student that learns by AdamW, from a teacher that does not change. */
export interface Distillation {
  readonly student: ModelConfig;
  readonly teacher: ModelConfig;
  readonly texts: TextShape;
}

/** Names and shapes of a model's parameters. */
export function parametersOf(
  config: ModelConfig,
): readonly { readonly name: string; readonly shape: readonly number[] }[] {
  return "startId" in config ? t5ParameterSpecs(config) : DECODER_FAMILIES[config.family].parameterSpecs(config);
}

/** How many numbers a model learns. */
export function parameterCount(config: ModelConfig): number {
  return sum(parametersOf(config).map(({ shape }) => product(shape)));
}

/**
 * What a step of knowledge distillation holds: the buffers that the tape and the pool keep, which are not given back between its parts.
 * Logits are of the response's states alone; of the student there are those of its own, their gradient, and one gradient of a vocabulary's
 * table, which is made whole. What the program itself has in system memory is not counted, nor what a driver adds.
 */
export function planDistillation({ student, teacher, texts }: Distillation): MemoryPlan {
  const weights = BYTES * parameterCount(student);
  const states = texts.batch * texts.responseTokens;
  const logitsOf = ({ vocabSize }: ModelConfig) => BYTES * states * vocabSize;
  const lasting: MemoryPart[] = [
    { name: "student: weights", bytes: weights },
    { name: "student: gradients", bytes: weights },
    { name: "student: moments of AdamW", bytes: 2 * weights },
    { name: "teacher: weights", bytes: BYTES * parameterCount(teacher) },
  ];
  const passing: MemoryPart[] = [
    { name: "student: activations that the tape keeps", bytes: BYTES * keptNumbers(student, texts) },
    { name: "student: logits and their gradient", bytes: 2 * logitsOf(student) },
    { name: "student: gradient of a vocabulary's table", bytes: BYTES * student.vocabSize * student.hiddenSize },
    { name: "student: keys and values while it writes", bytes: BYTES * cachedNumbers(student, texts) },
    { name: "teacher: activations of a block at a time", bytes: BYTES * passingNumbers(teacher, texts) },
    { name: "teacher: logits", bytes: logitsOf(teacher) },
  ];
  const rounding = {
    name: "buffers of size classes: a third more",
    bytes: ROUNDING * sum(passing.map(({ bytes }) => bytes)),
  };
  const parts = [...lasting, ...passing, rounding];
  const tensors = [...tensorsOf("student", student, texts), ...tensorsOf("teacher", teacher, texts)];
  return {
    parts,
    totalBytes: sum(parts.map(({ bytes }) => bytes)),
    tensors: tensors.sort((a, b) => b.bytes - a.bytes),
  };
}

/** Numbers that a pass without learning holds at once: what one block makes, beside the states that it reads. */
function passingNumbers(config: ModelConfig, texts: TextShape): number {
  const one = "startId" in config ? { ...config, numLayers: 1, numDecoderLayers: 1 } : { ...config, numLayers: 1 };
  return keptNumbers(one, texts);
}

function tensorsOf(who: string, config: ModelConfig, { batch, tokens, responseTokens }: TextShape): PlannedTensor[] {
  const { vocabSize, hiddenSize, numHeads, headSize, feedForwardSize } = config;
  const isTable = ([rows]: readonly number[]) => rows === vocabSize;
  const weights = parametersOf(config).map(({ name, shape }) => (
    { name: `${who}: ${name}`, shape, isTable: isTable(shape), growsWithTexts: false }
  ));
  const isGated = "startId" in config ? config.feedForward === "gatedGelu" : config.ropeTheta > 0;
  const rows = batch * tokens;
  const wide = [
    { name: "logits", shape: [batch * responseTokens, vocabSize] },
    { name: "feed-forward", shape: [rows, (isGated ? 2 : 1) * feedForwardSize] },
    { name: "queries, keys and values", shape: [rows, 3 * numHeads * headSize] },
    { name: "hidden states", shape: [rows, hiddenSize] },
  ].map(({ name, shape }) => ({ name: `${who}: ${name}`, shape, isTable: false, growsWithTexts: true }));
  return [...weights, ...wide].map((tensor) => ({ ...tensor, bytes: BYTES * product(tensor.shape) }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

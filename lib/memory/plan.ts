import type { ModelConfig } from "#lib/models/model_config.ts";
import { MOST_LOGITS_BYTES } from "#kernels/runtime/tuning.ts";
import { cachedNumbers, keptNumbers, type TextShape } from "./activations.ts";
import { parametersOf, product, sum } from "./parameters.ts";
import {
  activationNumbers,
  changedBytes,
  learnedNumbers,
  type Saving,
  weightBytes,
  widenedBytes,
  widenedLayerBytes,
  withLayers,
} from "./saving.ts";

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

/** A student that learns by AdamW, from a teacher that does not change, or from texts of one that is not there. */
export interface Distillation {
  readonly student: ModelConfig;
  readonly teacher?: ModelConfig;
  /** Of a step. */
  readonly texts: TextShape;
  readonly saving?: Saving;
}

/**
 * What a step of knowledge distillation holds: the buffers that the tape and the pool keep, which are not given back between its parts.
 * Every method starts from a copy of the SFT student, which stays. Logits are of the response's states alone, and of as many of them as are
 * taken at once (`Tuning.logitsBytes`); of the student there are those of its own, their gradient, and one gradient of a vocabulary's table,
 * which is made whole. What the program itself has in system memory is not counted, nor what a driver adds, nor the images of its inputs
 * that a CPU driver reads (`Tuning.inputs`).
 */
export function planDistillation({ student, teacher, texts, saving = {} }: Distillation): MemoryPlan {
  const { textsAtOnce = texts.batch, teacherForm, studentForm, lora } = saving;
  const read = { ...texts, batch: Math.min(texts.batch, textsAtOnce) };
  const learned = BYTES * learnedNumbers(student, saving);
  const changed = lora ? [{ name: "student: factors of low rank", bytes: learned }] : [];
  const lasting: MemoryPart[] = [
    { name: `student: weights${asForm(studentForm)}`, bytes: weightBytes(student, studentForm) },
    ...changed,
    { name: "student: gradients", bytes: learned },
    { name: "student: moments of AdamW", bytes: 2 * learned },
    { name: "student: a copy of what it learns, as SFT left it", bytes: learned },
    ...(teacher ? [{ name: `teacher: weights${asForm(teacherForm)}`, bytes: weightBytes(teacher, teacherForm) }] : []),
  ];
  const ofTeacher = teacher
    ? [
      { name: "teacher: activations of a block at a time", bytes: BYTES * keptNumbers(withLayers(teacher, 1), read) },
      { name: "teacher: logits", bytes: logitsBytes(teacher, read) },
    ]
    : [];
  const widened = [
    ...(studentForm ? [{ name: "student: a layer's matrices as float32", bytes: widenedLayerBytes(student) }] : []),
    ...(teacher && teacherForm ? [{ name: "teacher: a matrix as float32", bytes: widenedBytes(teacher) }] : []),
  ];
  const added = lora ? [{ name: "student: weights with their changes", bytes: changedBytes(student, saving) }] : [];
  const passing: MemoryPart[] = [
    { name: "student: activations that the tape keeps", bytes: BYTES * activationNumbers(student, read, saving) },
    { name: "student: logits and their gradient", bytes: 2 * logitsBytes(student, read) },
    { name: "student: gradient of a vocabulary's table", bytes: BYTES * student.vocabSize * student.hiddenSize },
    { name: "student: keys and values while it writes", bytes: BYTES * cachedNumbers(student, read) },
    ...ofTeacher,
    ...widened,
    ...added,
  ];
  const rounding = {
    name: "buffers of size classes: a third more",
    bytes: ROUNDING * sum(passing.map(({ bytes }) => bytes)),
  };
  const parts = [...lasting, ...passing, rounding];
  const tensors = [
    ...tensorsOf("student", student, read),
    ...(teacher ? tensorsOf("teacher", teacher, read) : []),
  ];
  return {
    parts,
    totalBytes: sum(parts.map(({ bytes }) => bytes)),
    tensors: tensors.sort((a, b) => b.bytes - a.bytes),
  };
}

function asForm(form: Saving["teacherForm"]): string {
  return form ? ` as ${form}` : "";
}

/** Of the states that are taken at once: all, or as many as `MOST_LOGITS_BYTES` hold. */
function logitsBytes({ vocabSize }: ModelConfig, { batch, responseTokens }: TextShape): number {
  return Math.min(BYTES * batch * responseTokens * vocabSize, MOST_LOGITS_BYTES);
}

function tensorsOf(who: string, config: ModelConfig, { batch, tokens, responseTokens }: TextShape): PlannedTensor[] {
  const { vocabSize, hiddenSize, numHeads, headSize, feedForwardSize } = config;
  const isTable = ([rows]: readonly number[]) => rows === vocabSize;
  const weights = parametersOf(config).map(({ name, shape }) => (
    { name: `${who}: ${name}`, shape, isTable: isTable(shape), growsWithTexts: false }
  ));
  const isGated = parametersOf(config).some(({ name }) => /gate_up|wi_01/.test(name));
  const rows = batch * tokens;
  const wide = [
    { name: "logits", shape: [statesAtOnce(batch * responseTokens, vocabSize), vocabSize] },
    { name: "feed-forward", shape: [rows, (isGated ? 2 : 1) * feedForwardSize] },
    { name: "queries, keys and values", shape: [rows, 3 * numHeads * headSize] },
    { name: "hidden states", shape: [rows, hiddenSize] },
  ].map(({ name, shape }) => ({ name: `${who}: ${name}`, shape, isTable: false, growsWithTexts: true }));
  return [...weights, ...wide].map((tensor) => ({ ...tensor, bytes: BYTES * product(tensor.shape) }));
}

function statesAtOnce(states: number, vocabSize: number): number {
  return Math.min(states, Math.floor(MOST_LOGITS_BYTES / (BYTES * vocabSize)));
}

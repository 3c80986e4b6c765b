import { mostImageBytes } from "#kernels/runtime/input_images.ts";
import { MOST_LOGITS_BYTES } from "#kernels/runtime/tuning.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { cachedNumbers, keptNumbers, type TextShape, widthsOf } from "./activations.ts";
import { fitBytes, lastingNeeds, type MethodNeeds, passingNeeds, tensorsOfNeeds } from "./needs.ts";
import { bytesTogether, parametersOf, product } from "./parameters.ts";
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
export const ROUNDING = 1 / 3;

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
  /** A setting of the method that it grows with, and what that is; default none. */
  readonly setting?: { readonly key: string; readonly value: number };
}

/** The memory of a distillation before it starts. */
export interface MemoryPlan {
  readonly parts: readonly MemoryPart[];
  readonly totalBytes: number;
  /** Those that could be over a limit, the largest first. */
  readonly tensors: readonly PlannedTensor[];
  /**
   * Where the teacher is not there while the student trains, bytes of two times, of which the parts are the larger: the teacher is asked or
   * scores, and the student trains.
   */
  readonly times?: { readonly teacher: number; readonly training: number };
}

/** A student that learns by AdamW, from a teacher that does not change, or from texts of one that is not there. */
export interface Distillation {
  readonly student: ModelConfig;
  readonly teacher?: ModelConfig;
  /** Of a step. */
  readonly texts: TextShape;
  /** Texts that either model writes at once; default those that a step reads at once. */
  readonly textsWritten?: number;
  readonly saving?: Saving;
  /** What the method holds beside; default nothing, as KD. */
  readonly needs?: MethodNeeds;
  /** Whether the driver is a CPU's, whose kernels read images of their inputs (`Tuning.inputs`), and whose memory is the program's too. Default false. */
  readonly readsImages?: boolean;
}

/** What the program has by itself where the driver is a CPU's: Deno, the driver and its compiled kernels. */
const PROGRAM_BYTES = 300e6;

/**
 * What a distillation holds: the buffers that the tape and the pool keep, which are not given back between its parts.
 * Every method starts from a copy of the SFT student, which stays. Logits are of the response's states alone, and of as many of them as are
 * taken at once (`Tuning.logitsBytes`); of the student there are those of its own, their gradient, and one gradient of a vocabulary's table,
 * which is made whole; of the teacher there are parts of them beside the whole. What the program itself has in system memory is counted for
 * a CPU driver alone, whose memory it is too; what a GPU's driver adds is not.
 *
 * @param further what a run has beside
 */
export function planDistillation(distillation: Distillation, further: readonly MemoryPart[] = []): MemoryPlan {
  const { student, teacher, texts, saving = {}, needs = {} } = distillation;
  const read = { ...texts, batch: Math.min(texts.batch, saving.textsAtOnce ?? texts.batch) };
  // Where there is no teacher, no method holds anything that is of its size.
  const reading = { student, teacher: teacher ?? student, texts: read };
  const lasting = [...lastingParts(distillation), ...lastingNeeds(needs, reading)];
  const passing = [...passingParts(distillation, read), ...passingNeeds(needs, reading)];
  const rounding = {
    name: "buffers of size classes: a third more",
    bytes: ROUNDING * bytesTogether(passing),
  };
  // What a fit has taken is given back before the first step.
  const fit = fitBytes(needs, reading) - bytesTogether([...passing, rounding]);
  const fitting = fit > 0 ? [{ name: "critics: while they are fitted to pairs", bytes: fit }] : [];
  const buffers = [...lasting, ...passing, rounding, ...fitting, ...further];
  const parts = [...buffers, ...besideBuffers(buffers, distillation)];
  const tensors = [
    ...tensorsOf("student", student, read),
    ...(teacher ? tensorsOf("teacher", teacher, read) : []),
    ...tensorsOfNeeds(needs, reading),
  ];
  return {
    parts,
    totalBytes: bytesTogether(parts),
    tensors: tensors.sort((a, b) => b.bytes - a.bytes),
  };
}

/** What a CPU driver's memory has beside the buffers. */
export function besideBuffers(
  buffers: readonly MemoryPart[],
  { student, readsImages = false }: Pick<Distillation, "student" | "readsImages">,
): MemoryPart[] {
  if (!readsImages) return [];
  return [
    { name: "images of inputs, which kernels read", bytes: mostImageBytes(bytesTogether(buffers)) },
    { name: "student: weights as they are read to be written", bytes: weightBytes(student) },
    { name: "the program and the driver", bytes: PROGRAM_BYTES },
  ];
}

/** What is there for as long as the student learns. */
function lastingParts({ student, teacher, saving = {} }: Distillation): MemoryPart[] {
  const { teacherForm, studentForm, lora } = saving;
  const learned = BYTES * learnedNumbers(student, saving);
  return [
    { name: `student: weights${asForm(studentForm)}`, bytes: weightBytes(student, studentForm) },
    ...(lora ? [{ name: "student: factors of low rank", bytes: learned }] : []),
    { name: "student: gradients", bytes: learned },
    { name: "student: moments of AdamW", bytes: 2 * learned },
    { name: "student: a copy of what it learns, as SFT left it", bytes: learned },
    ...(teacher ? [{ name: `teacher: weights${asForm(teacherForm)}`, bytes: weightBytes(teacher, teacherForm) }] : []),
  ];
}

/** What comes and goes: of a step, and of the writing of texts. */
function passingParts({ student, teacher, textsWritten, saving = {} }: Distillation, read: TextShape): MemoryPart[] {
  const { teacherForm, studentForm, lora } = saving;
  const written = { ...read, batch: textsWritten ?? read.batch };
  const alone = { ...read, batch: Math.max(read.batch, written.batch) };
  return [
    { name: "student: activations that the tape keeps", bytes: BYTES * activationNumbers(student, read, saving) },
    { name: "student: logits and their gradient", bytes: 2 * logitsBytes(student, read) },
    { name: "student: gradient of a vocabulary's table", bytes: BYTES * student.vocabSize * student.hiddenSize },
    {
      name: "keys and values while one of them writes",
      bytes: BYTES * Math.max(...[student, teacher ?? student].map((model) => cachedNumbers(model, written))),
    },
    ...(studentForm ? [{ name: "student: a layer's matrices as float32", bytes: widenedLayerBytes(student) }] : []),
    ...(teacher ? passingOfTeacher(teacher, read, { alone, form: teacherForm }) : []),
    ...(lora ? [{ name: "student: weights with their changes", bytes: changedBytes(student, saving) }] : []),
  ];
}

/** What comes and goes of a teacher. @param alone the most texts that it reads, where nothing else is read */
export function passingOfTeacher(
  teacher: ModelConfig,
  read: TextShape,
  { alone, form }: { readonly alone: TextShape; readonly form: Saving["teacherForm"] },
): MemoryPart[] {
  // A head over blocks of rows joins what it made of each.
  const copies = form ? 2 : 1;
  return [
    { name: "teacher: activations of a block at a time", bytes: BYTES * keptNumbers(withLayers(teacher, 1), alone) },
    { name: "teacher: logits", bytes: copies * logitsBytes(teacher, read) },
    ...(form ? [{ name: "teacher: a matrix as float32", bytes: widenedBytes(teacher) }] : []),
  ];
}

function asForm(form: Saving["teacherForm"]): string {
  return form ? ` as ${form}` : "";
}

/** Of the states that are taken at once. */
function logitsBytes({ vocabSize }: ModelConfig, texts: TextShape): number {
  return BYTES * statesAtOnce(texts, vocabSize) * vocabSize;
}

function tensorsOf(who: string, config: ModelConfig, texts: TextShape): PlannedTensor[] {
  const { vocabSize } = config;
  const { batch, tokens } = texts;
  const isTable = ([rows]: readonly number[]) => rows === vocabSize;
  const weights = parametersOf(config).map(({ name, shape }) => (
    { name: `${who}: ${name}`, shape, isTable: isTable(shape), growsWithTexts: false }
  ));
  const wide = [
    { name: "logits", shape: [statesAtOnce(texts, vocabSize), vocabSize] },
    ...widthsOf(config).map(({ name, width }) => ({ name, shape: [batch * tokens, width] })),
  ].map(({ name, shape }) => ({ name: `${who}: ${name}`, shape, isTable: false, growsWithTexts: true }));
  return [...weights, ...wide].map((tensor) => ({ ...tensor, bytes: BYTES * product(tensor.shape) }));
}

/** All of them, or as many as have logits at once. */
function statesAtOnce(
  { batch, responseTokens, logitsAtOnce = MOST_LOGITS_BYTES }: TextShape,
  vocabSize: number,
): number {
  return Math.min(batch * responseTokens, Math.floor(logitsAtOnce / (BYTES * vocabSize)));
}

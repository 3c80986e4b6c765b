import { MOST_LOGITS_BYTES } from "#kernels/runtime/tuning.ts";
import { type CriticConfig, criticSpecs } from "#lib/models/critic.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { keptNumbers, type TextShape } from "./activations.ts";
import { bytesTogether, product, sum } from "./parameters.ts";
import type { MemoryPart, PlannedTensor } from "./plan.ts";
import { textsReadAtOnce } from "./reading.ts";
import { withLayers } from "./saving.ts";

const BYTES = 4;
/** Of a critic, at the states that are taken at once: values before and after their bound, the gradients of both, and that of a second term. */
const TENSORS_OF_VALUES = 5;
/** A table of states is not made where it would be larger (`KnownStates`). */
const MOST_KNOWN_BYTES = 128 * 2 ** 20;

/** What a method holds beside a student that learns from its teacher. */
export interface MethodNeeds {
  /** Networks that learn beside the student. */
  readonly critics?: readonly CriticNeeds[];
  /** Pairs of texts whose states stay where they are, and whose they are. */
  readonly pairs?: { readonly count: number; readonly states: "student" | "teacher" };
  /** Texts of the teacher whose states are kept, where they fit. */
  readonly teacherTexts?: number;
}

export interface CriticNeeds extends Pick<CriticConfig, "head"> {
  /** Whose last hidden states it sees. */
  readonly features: "student" | "teacher" | "both";
  /** Whether it is fitted to pairs before it plays: from values that are kept, by an optimizer of the fit's own. Default false. */
  readonly isFitted?: boolean;
}

/** Both models of a distillation, and the texts that they read at once. */
export interface Reading {
  readonly student: ModelConfig;
  readonly teacher: ModelConfig;
  readonly texts: TextShape;
}

/** What stays for as long as the method runs. */
export function lastingNeeds({ critics = [], pairs, teacherTexts = 0 }: MethodNeeds, reading: Reading): MemoryPart[] {
  const { teacher, texts: { responseTokens } } = reading;
  const critic = sum(critics.map((each) => criticBytes(each, reading)));
  const kept = sum(critics.filter(({ isFitted }) => isFitted).map((each) => criticBytes(each, reading)));
  const known = BYTES * teacherTexts * responseTokens * teacher.hiddenSize;
  return [
    { name: "critics: weights, gradients and moments", bytes: 4 * critic },
    { name: "critics: weights as they were made", bytes: kept },
    { name: "pairs: states of their texts", bytes: pairs ? bytesTogether(pairTables(pairs, reading)) : 0 },
    { name: "teacher: states of its own texts", bytes: known <= MOST_KNOWN_BYTES ? known : 0 },
  ].filter(({ bytes }) => bytes > 0);
}

/** What comes and goes in a step. */
export function passingNeeds({ critics = [], pairs, teacherTexts = 0 }: MethodNeeds, reading: Reading): MemoryPart[] {
  const { teacher, texts: { batch, tokens, responseTokens, logitsAtOnce = MOST_LOGITS_BYTES } } = reading;
  const states = Math.max(batch, pairs ? 2 * pairs.count : 0) * responseTokens;
  const values = Math.min(BYTES * states * teacher.vocabSize, logitsAtOnce);
  const largest = Math.max(0, ...critics.map((each) => criticBytes(each, reading)));
  const reader = pairs ? reading[pairs.states] : teacher;
  const readTexts = Math.min(
    textsReadAtOnce({ config: reader }, tokens),
    Math.max(teacherTexts, 2 * (pairs?.count ?? 0)),
  );
  const read = readTexts <= batch
    ? 0
    : keptNumbers(withLayers(reader, 1), { batch: readTexts, tokens, responseTokens });
  return [
    { name: "critics: values and their gradients", bytes: critics.length > 0 ? TENSORS_OF_VALUES * values : 0 },
    { name: "critics: gradient of the largest table", bytes: largest },
    { name: "activations of a block while texts are read whose states stay", bytes: BYTES * read },
  ].filter(({ bytes }) => bytes > 0);
}

/** What the fit of critics takes before the first step, beside what stays: the best values so far, and two moments. */
export function fitBytes({ critics = [] }: MethodNeeds, reading: Reading): number {
  return 3 * sum(critics.filter(({ isFitted }) => isFitted).map((each) => criticBytes(each, reading)));
}

/** Tensors of a method that one binding has to hold. */
export function tensorsOfNeeds({ pairs }: MethodNeeds, reading: Reading): PlannedTensor[] {
  return pairs ? pairTables(pairs, reading).slice(0, 1) : [];
}

function criticBytes({ features, head }: CriticNeeds, { student, teacher }: Reading): number {
  const sizes = { student: student.hiddenSize, teacher: teacher.hiddenSize };
  const featureSize = features === "both" ? sizes.student + sizes.teacher : sizes[features];
  const specs = criticSpecs({ featureSize, vocabSize: student.vocabSize, head }, { config: teacher });
  return BYTES * sum(specs.map(({ shape }) => product(shape)));
}

/** Last hidden states, and where they fit next-token logits, of all texts of the pairs. */
function pairTables({ count, states }: NonNullable<MethodNeeds["pairs"]>, reading: Reading): PlannedTensor[] {
  const { hiddenSize, vocabSize } = reading[states];
  const rows = 2 * count * reading.texts.responseTokens;
  const table = (name: string, width: number): PlannedTensor => ({
    ...{ name: `pairs: ${name}`, shape: [rows, width], bytes: BYTES * rows * width },
    ...{ isTable: false, growsWithTexts: false, setting: { key: "preferences.pairs", value: count } },
  });
  const logits = table("logits", vocabSize);
  const keepsLogits = states === "teacher" && logits.bytes <= (reading.texts.logitsAtOnce ?? MOST_LOGITS_BYTES);
  return [table("states of their texts", hiddenSize), ...(keepsLogits ? [logits] : [])];
}

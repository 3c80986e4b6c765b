import { formatBytes } from "#lib/byte_count.ts";
import type { Fit, TensorOver } from "#lib/memory/fit.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import type { MemoryPlan } from "#lib/memory/plan.ts";
import type { CodecAgreement } from "#lib/tokenizers/compare_codecs.ts";
import type { KnownLimits } from "./known_limits.ts";
import type { PlannedModel } from "./planned_model.ts";

/** A teacher and a student, and how their tokenizers agree, where both have one. */
export interface Pair {
  readonly teacher: PlannedModel;
  readonly student: PlannedModel;
  readonly agreement: CodecAgreement | undefined;
}

/** Tensors over a limit that are shown. */
const SHOWN_TENSORS = 6;

/** Why a student cannot learn from a teacher at all, whatever the memory; undefined where it can. */
export function mismatchOf({ teacher, student, agreement }: Pair): string | undefined {
  for (const { problem } of [teacher, student]) if (problem !== undefined) return problem;
  if (("startId" in teacher.config!) !== ("startId" in student.config!)) {
    return "one of them is an encoder-decoder and the other is not; both must read a prompt alike";
  }
  if (agreement && agreement.agreeing < agreement.sharedIds) {
    const { agreeing, sharedIds, firstOther } = agreement;
    return `their tokenizers agree on ${agreeing} of ${sharedIds} ids, the first other one is ${firstOther}: ` +
      "the teacher's probabilities are of other tokens; its texts alone can be learned (SeqKD)";
  }
  return undefined;
}

/** What the two models are, and how their vocabularies go together. */
export function describePair({ teacher, student, agreement }: Pair): string[] {
  return [modelLine("teacher", teacher), modelLine("student", student), tokenizerLine({ teacher, student, agreement })];
}

function modelLine(role: string, { word, config, problem, fileBytes }: PlannedModel): string {
  const name = `${role.padEnd(9)}${word}`;
  if (!config) return `${name}: ${problem}`;
  const layers = "startId" in config ? `${config.numLayers} + ${config.numDecoderLayers}` : config.numLayers;
  const file = fileBytes === undefined ? "no weights here" : `files of ${formatBytes(fileBytes)}`;
  const sizes =
    `${config.family}, ${layers} layers of ${config.hiddenSize}, ${config.vocabSize} rows of the vocabulary`;
  return `${name}: ${formatCount(parameterCount(config))} parameters (${sizes}), ${file}`;
}

function tokenizerLine({ teacher, student, agreement }: Pair): string {
  const name = "tokens".padEnd(9);
  for (const [role, { tokenizerProblem }] of Object.entries({ teacher, student })) {
    if (tokenizerProblem !== undefined) return `${name}the ${role}'s tokenizer cannot be read: ${tokenizerProblem}`;
  }
  const rows = [teacher, student].flatMap(({ config }) => config?.vocabSize ?? []);
  const padded = rows[0] === rows[1]
    ? ""
    : `; rows differ, ${rows[0]} and ${rows[1]}: those beyond the shared ids are left out`;
  if (!agreement) return `${name}not compared: a size of a profile has the tokenizer of its data${padded}`;
  const { isSame, sharedIds, agreeing } = agreement;
  const how = isSame
    ? `the same tokenizer, ${sharedIds} ids`
    : agreeing === sharedIds
    ? `${sharedIds} ids shared, all of the same meaning`
    : `${agreeing} of ${sharedIds} ids of the same meaning`;
  return `${name}${how}${padded}`;
}

/** The parts of a plan, the limits, and what is over which. */
export function formatFit(
  { plan, over, hasMemory, mostTexts, fits }: Fit,
  texts: TextShape,
  limits: KnownLimits,
): string[] {
  const { batch, tokens, responseTokens } = texts;
  const width = Math.max(...plan.parts.map(({ name }) => name.length));
  const row = (name: string, bytes: number) => `  ${name.padEnd(width)}  ${mebibytes(bytes).padStart(11)}`;
  const { memoryBytes, memorySource, bindingBytes, bufferBytes } = limits;
  const memory = memoryBytes === undefined
    ? "memory   not known: WebGPU does not tell how much the GPU has; --memory GIB judges by it"
    : `memory   ${mebibytes(memoryBytes)} (${memorySource}): ${hasMemory ? "enough" : "too little"}`;
  return [
    "",
    `A step of ${batch} texts of ${tokens} tokens, ${responseTokens} of them the response's:`,
    ...plan.parts.map(({ name, bytes }) => row(name, bytes)),
    row("together", plan.totalBytes),
    ...(plan.times ? ["", `apart    ${describeTimes(plan.times, mebibytes)}`] : []),
    "",
    `limits   ${mebibytes(bindingBytes)} a binding, ${mebibytes(bufferBytes)} a buffer`,
    ...over.slice(0, SHOWN_TENSORS).map(overLine),
    ...(over.length > SHOWN_TENSORS ? [`         and ${over.length - SHOWN_TENSORS} smaller ones`] : []),
    memory,
    ...(fits ? [] : [mostTextsLine(mostTexts)]),
  ];
}

/** What is in memory at the two times of a distillation whose teacher is not there while the student trains. */
export function describeTimes(
  { teacher, training }: NonNullable<MemoryPlan["times"]>,
  format: (bytes: number) => string,
): string {
  return `${format(teacher)} while the teacher is asked or scores, ${
    format(training)
  } while the student trains without it`;
}

function overLine({ tensor: { name, shape, bytes, growsWithTexts }, limit, limitBytes, blocks }: TensorOver): string {
  const over = `${name} [${shape}] is ${mebibytes(bytes)}, over ${mebibytes(limitBytes)} a ${limit}`;
  if (blocks !== undefined) return `         ${over}: it lies in ${blocks} blocks of rows`;
  return `  over   ${over}${growsWithTexts ? ": fewer texts at once make it smaller" : ""}`;
}

function mostTextsLine(mostTexts: number | undefined): string {
  return mostTexts === undefined
    ? "texts    not even one at a time fits"
    : `texts    --texts-at-once ${mostTexts} fits`;
}

function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20;
  return value >= 1024 ? `${(value / 1024).toFixed(2)} GiB` : `${value.toFixed(value < 10 ? 1 : 0)} MiB`;
}

/** A number of parameters as people say it: `63 k`, `124.4 M`, `6.74 G`. */
export function formatCount(count: number): string {
  return count >= 1e9
    ? `${(count / 1e9).toFixed(2)} G`
    : count >= 1e6
    ? `${(count / 1e6).toFixed(1)} M`
    : `${(count / 1e3).toFixed(0)} k`;
}

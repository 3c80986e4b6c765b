import { formatBytes } from "#lib/byte_count.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import type { StartingModel } from "#lib/distillation/starting_model.ts";
import { isModel, modelOf } from "#lib/distillation/teacher.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import { diskBytes } from "./distil_disk.ts";
import { describeKept } from "./distil_kept.ts";
import { describeTimes, formatCount } from "./fit_text.ts";
import type { Distillation } from "./distil_setup.ts";

/** What would be done, with what, and what it needs: a text to each name. */
export function describeDistillation(distillation: Distillation): [name: string, text: string][] {
  const { subject, profile, rows, method, seeds, out, fit, kept } = distillation;
  const { student, texts } = subject;
  const { distillation: { steps, learningRate }, optimizer: { batchSize, textsAtOnce } } = profile;
  const { label, summary } = rows[method];
  const at = textsAtOnce === undefined ? "" : `, ${textsAtOnce} at once`;
  const tokens = meanTokens(texts.train);
  return [
    ["teacher", describeTeacher(distillation)],
    ["student", describeModel(student, profile.student.training.steps)],
    ["method", `${label} (${method}): ${summary}`],
    ["records", `${texts.train.length} to train on, ${texts.scored.items.length} to score on (${texts.digest})`],
    [
      "prompts",
      `template ${texts.template.name}; ${profile.data.maxPromptTokens} tokens, responses ${profile.data.maxNewTokens}`,
    ],
    [
      "steps",
      `${steps} of ${batchSize} texts${at}, about ${
        Math.round(batchSize * tokens)
      } tokens; learning rate ${learningRate}`,
    ],
    ["rows", `${Object.keys(rows).join(", ")}; seeds ${seeds.join(", ")}`],
    ["memory", describeMemory(distillation)],
    ...(fit.plan.times ? [["apart", describeTimes(fit.plan.times, formatBytes)] as [string, string]] : []),
    ["disk", formatBytes(diskBytes({ teacher: modelOf(subject.teacher), student }, profile))],
    ...kept.map((tokens): [string, string] => ["kept", describeKept(tokens)]),
    ["out", out],
    ...notesOf(subject).map((note): [string, string] => ["note", note]),
  ];
}

/** What of the data and of the teacher's texts is not learned. */
export function notesOf({ teacher, texts }: DistilSubject): string[] {
  return [...texts.notes, ...(isModel(teacher) ? [] : teacher.written?.notes ?? [])];
}

/** The same as lines for a person. */
export function formatDistillation(distillation: Distillation): string[] {
  return describeDistillation(distillation).map(([name, text]) => `${name.padEnd(9)}${text}`);
}

function describeTeacher({ subject: { teacher, saving }, profile }: Distillation): string {
  if (isModel(teacher)) return describeModel(teacher, profile.teacher.training.steps);
  const { name, identity, written } = teacher;
  const learned = saving.topTokens === undefined
    ? ""
    : `; its ${saving.topTokens} likeliest tokens are learned at the states of these texts, not of the data`;
  if (written) return `${name}: ${written.texts.length} on training prompts (${written.digest})${learned}`;
  const { distillation: { teacherTexts } } = profile;
  return `${identity}: asked for texts on the prompts of the first ${teacherTexts} records${learned}`;
}

function describeModel({ word, source, config, hasWeights }: StartingModel, steps: number): string {
  const from = "hub" in source ? ` at ${source.commit}` : "";
  const values = hasWeights ? "" : ", from drawn values";
  const tuned = steps === 0 ? "taken as it is" : `fine-tuned on the data for ${steps} steps`;
  return `${word}${from}: ${config.family}, ${formatCount(parameterCount(config))} parameters${values}; ${tuned}`;
}

/** As in `3.8 GB of 11.8 GB (--memory) for 2 of 8 texts of 512 tokens: …`. */
function describeMemory(distillation: Distillation): string {
  const { fit: { plan }, limits: { memoryBytes, memorySource }, shape, profile: { optimizer } } = distillation;
  const { textsAtOnce = shape.batch } = optimizer;
  const given = memoryBytes === undefined
    ? "(what the GPU has is not known; --memory GIB says it)"
    : `of ${formatBytes(memoryBytes)} (${memorySource})`;
  const some = textsAtOnce < shape.batch ? `${textsAtOnce} of ` : "";
  const texts = `${some}${shape.batch} texts of ${shape.tokens} tokens`;
  return `${formatBytes(plan.totalBytes)} ${given} for ${texts}: ${largestParts(distillation)}`;
}

function largestParts({ fit: { plan } }: Distillation): string {
  const largest = plan.parts.toSorted((a, b) => b.bytes - a.bytes).slice(0, 3);
  return `${largest.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ")}, …`;
}

function meanTokens(texts: readonly Trajectory[]): number {
  return texts.reduce((sum, { prompt, response }) => sum + prompt.length + response.length, 0) / texts.length;
}

import { formatBytes } from "#lib/byte_count.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import { modelOf } from "#lib/distillation/teacher.ts";
import type { DistilTexts } from "#lib/distillation/distil_texts.ts";
import { InputError } from "#lib/errors.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type AdapterLimits, type Fit, judgeFit } from "#lib/memory/fit.ts";
import type { Saving } from "#lib/memory/saving.ts";

/** What takes less memory where a single text at once is too many. */
const fewerBits = (hasTeacher: boolean) => `${hasTeacher ? "--teacher-form int8, " : ""}--lora with --student-form`;

/** The texts of a step, at their longest. */
export function shapeOf(texts: DistilTexts, { data, optimizer, distillation }: Profile): TextShape {
  const longest = texts.train.reduce((most, { prompt }) => Math.max(most, prompt.length), 1);
  const batch = Math.max(optimizer.batchSize, distillation.textsPerStep ?? 1);
  return { batch, tokens: longest + data.maxNewTokens, responseTokens: data.maxNewTokens };
}

/** What a distillation needs, judged by the adapter. */
export interface DistillationFit {
  /** Whether there is a model of the teacher. */
  readonly hasTeacher: boolean;
  readonly steps: Fit;
  /** The teacher's own training, which comes first; undefined where it is taken as it is, or there is no model of it. */
  readonly teacherTraining?: Fit;
}

export function judgeDistillation(
  { teacher: whom, student, saving }: Pick<DistilSubject, "teacher" | "student" | "saving">,
  profile: Profile,
  texts: TextShape,
  limits: AdapterLimits,
): DistillationFit {
  const { recompute = false, textsAtOnce } = saving;
  const teacher = modelOf(whom)?.config;
  const steps = judgeFit({ teacher, student: student.config, texts, saving }, limits);
  const hasTeacher = teacher !== undefined;
  if (!hasTeacher || profile.teacher.training.steps === 0) return { hasTeacher, steps };
  // Then it is the teacher that takes gradients and moments.
  const roles = { teacher: student.config, student: teacher };
  return {
    hasTeacher,
    steps,
    teacherTraining: judgeFit({ ...roles, texts, saving: { recompute, textsAtOnce } }, limits),
  };
}

/** So many texts at once that all fits, where all of a step do not; undefined where they do, or one does not. */
export function fittingTexts({ steps, teacherTraining = steps }: DistillationFit): number | undefined {
  const fits = [steps, teacherTraining];
  if (fits.every(({ fits }) => fits) || fits.some(({ mostTexts }) => mostTexts === undefined)) return undefined;
  return Math.min(...fits.map(({ mostTexts }) => mostTexts!));
}

/**
 * @param whole a method that cannot read a step in parts
 * @throws {InputError} if a plan is over what the adapter gives, with the next smaller choice
 */
export function expectFits(
  { hasTeacher, steps, teacherTraining }: DistillationFit,
  { recompute = false }: Saving,
  whole?: string,
): void {
  const less = `${recompute ? "" : "--recompute, "}${fewerBits(hasTeacher)}`;
  expectFit("it", steps, less, whole);
  if (!teacherTraining) return;
  expectFit("fine-tuning the teacher (--teacher-is-tuned leaves it as it is)", teacherTraining, less, whole);
}

function expectFit(what: string, fit: Fit, less: string, whole: string | undefined): void {
  if (fit.fits) return;
  const { hasMemory, mostTexts } = fit;
  const remedy = mostTexts === undefined
    ? `not even one text at once fits${hasMemory === false ? `; ${less}, or smaller models` : ""}`
    : whole === undefined
    ? `--texts-at-once ${mostTexts} fits`
    : `--texts-per-step ${mostTexts} fits, as ${whole} needs all texts of a step at once`;
  throw new InputError(`${what} does not fit this adapter: ${whyNot(fit)}; ${remedy}`);
}

/** What is over a limit, as words. */
export function whyNot({ over, plan }: Fit): string {
  const tensor = over.find(({ blocks }) => blocks === undefined);
  if (!tensor) return `a step needs ${formatBytes(plan.totalBytes)} of memory`;
  const { tensor: { name, shape, bytes }, limitBytes, limit } = tensor;
  return `${name} [${shape}] is ${formatBytes(bytes)}, over the ${formatBytes(limitBytes)} of a ${limit}`;
}

/** The next smaller choice of a run that the GPU had too little memory for. */
export function lessMemory(
  { textsAtOnce, recompute = false }: Saving,
  { batch }: TextShape,
  hasTeacher: boolean,
): string {
  const atOnce = Math.min(batch, textsAtOnce ?? batch);
  if (atOnce > 1) return `--texts-at-once ${Math.floor(atOnce / 2)} takes less`;
  return `${recompute ? "" : "--recompute, "}${fewerBits(hasTeacher)} takes less`;
}

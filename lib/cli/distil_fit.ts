import { formatBytes } from "#lib/byte_count.ts";
import { effectiveSettings, type RegisteredMethod } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import { modelOf } from "#lib/distillation/teacher.ts";
import type { DistilTexts } from "#lib/distillation/distil_texts.ts";
import { InputError } from "#lib/errors.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type AdapterLimits, type Fit, judgeFit } from "#lib/memory/fit.ts";
import type { MethodNeeds } from "#lib/memory/needs.ts";
import type { Saving } from "#lib/memory/saving.ts";
import type { Methods } from "./distil_flags.ts";
import type { KnownLimits } from "./known_limits.ts";

/** What takes less memory where a single text at once is too many. */
const fewerBits = (hasTeacher: boolean) => `${hasTeacher ? "--teacher-form int8, " : ""}--lora with --student-form`;

/** The texts of a step, at their longest. */
export function shapeOf(texts: DistilTexts, { data, optimizer, distillation }: Profile): TextShape {
  const longest = texts.train.reduce((most, { prompt }) => Math.max(most, prompt.length), 1);
  const batch = Math.max(optimizer.batchSize, distillation.textsPerStep ?? 1);
  return { batch, tokens: longest + data.maxNewTokens, responseTokens: data.maxNewTokens };
}

/** What a part of a distillation needs, judged by the adapter. */
export interface PartFit {
  /** As an error calls it. */
  readonly what: string;
  readonly fit: Fit;
}

/** What the method of each row does, judged by the adapter, and last the teacher's own training, where there is any. */
export function judgeDistillation(
  { teacher: whom, student, saving, texts: { scored } }: DistilSubject,
  profile: Profile,
  { rows, texts, limits }: { readonly rows: Methods; readonly texts: TextShape; readonly limits: AdapterLimits },
): PartFit[] {
  const { recompute = false, textsAtOnce } = saving;
  const textsWritten = Math.min(profile.evaluation.batchSize, Math.max(scored.items.length, texts.batch));
  const teacher = modelOf(whom)?.config;
  const models = { teacher, student: student.config };
  const ofRows = Object.entries(rows).map(([name, row]) => {
    const fit = judgeFit({ ...models, texts, textsWritten, saving, needs: needsOf(row, profile) }, limits);
    return { what: row.holds ? name : "it", fit };
  });
  if (teacher === undefined || profile.teacher.training.steps === 0) return ofRows;
  // Then it is the teacher that takes gradients and moments.
  const roles = { teacher: student.config, student: teacher };
  const fit = judgeFit({ ...roles, texts, saving: { recompute, textsAtOnce } }, limits);
  return [...ofRows, { what: "fine-tuning the teacher (--teacher-is-tuned leaves it as it is)", fit }];
}

/** What a row holds as it trains, and as its student is measured. */
export function needsOf(row: RegisteredMethod, profile: Profile): MethodNeeds {
  const needs = row.holds?.(effectiveSettings(row, profile), profile) ?? {};
  const { heldOut, critic: { features, head } } = profile.evaluation;
  if (heldOut === "loss") return needs;
  return { ...needs, critics: [...needs.critics ?? [], { features, head }] };
}

/** So many texts at once that all fits, where all of a step do not; undefined where they do, or one does not. */
export function fittingTexts(parts: readonly PartFit[]): number | undefined {
  if (parts.every(({ fit }) => fit.fits) || parts.some(({ fit }) => fit.mostTexts === undefined)) return undefined;
  return Math.min(...parts.map(({ fit }) => fit.mostTexts!));
}

/** The part that needs most memory. */
export function largestFit(parts: readonly PartFit[]): Fit {
  const bytes = ({ fit }: PartFit) => fit.plan.totalBytes;
  return parts.reduce((most, other) => bytes(other) > bytes(most) ? other : most).fit;
}

/**
 * @param whole a method that cannot read a step in parts
 * @throws {InputError} if a plan is over what the adapter gives, with the next smaller choice
 */
export function expectFits(
  parts: readonly PartFit[],
  { recompute = false }: Saving,
  { hasTeacher, whole, limits }: {
    readonly hasTeacher: boolean;
    readonly whole?: string;
    readonly limits: KnownLimits;
  },
): void {
  const over = parts.find(({ fit }) => !fit.fits);
  if (!over) return;
  const { what, fit } = over;
  const less = `${recompute ? "" : "--recompute, "}${fewerBits(hasTeacher)}`;
  throw new InputError(`${what} does not fit this adapter: ${whyNot(fit, limits)}; ${remedyFor(fit, less, whole)}`);
}

function remedyFor({ over, hasMemory, mostTexts }: Fit, less: string, whole: string | undefined): string {
  const tensor = over.find(({ blocks }) => blocks === undefined);
  if (tensor?.tensor.setting) {
    const { limitBytes, tensor: { bytes, setting: { key, value } } } = tensor;
    return `--set ${key}=${Math.floor(value * limitBytes / bytes)} fits`;
  }
  if (mostTexts === undefined) {
    return `not even one text at once fits${hasMemory === false ? `; ${less}, or smaller models` : ""}`;
  }
  return whole === undefined
    ? `--texts-at-once ${mostTexts} fits`
    : `--texts-per-step ${mostTexts} fits, as ${whole} needs all texts of a step at once`;
}

/** What is over a limit, as words. */
export function whyNot({ over, plan }: Fit, { memoryBytes = 0, memorySource }: KnownLimits): string {
  const tensor = over.find(({ blocks }) => blocks === undefined);
  if (!tensor) {
    const needed = formatBytes(plan.totalBytes);
    return `a step needs ${needed} of memory, more than ${formatBytes(memoryBytes)} (${memorySource})`;
  }
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

import { requestAdapter } from "#kernels/runtime/adapter.ts";
import { tuningFor } from "#kernels/runtime/tuning.ts";
import { effectiveSettings, type RegisteredMethod } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import type { DistilTexts } from "#lib/distillation/distil_texts.ts";
import { InputError } from "#lib/errors.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type AdapterLimits, type Fit, judgeFit } from "#lib/memory/fit.ts";
import type { MethodNeeds } from "#lib/memory/needs.ts";
import type { Methods } from "./distil_flags.ts";
import { sharedMemory } from "./doctor_for.ts";

/** The texts of a step, at their longest. */
export function shapeOf(texts: DistilTexts, { data, optimizer, distillation }: Profile): TextShape {
  const longest = texts.train.reduce((most, { prompt }) => Math.max(most, prompt.length), 1);
  const batch = Math.max(optimizer.batchSize, distillation.textsPerStep ?? 1);
  return { batch, tokens: longest + data.maxNewTokens, responseTokens: data.maxNewTokens };
}

/**
 * What the method of the rows that needs most does, judged by the adapter; so is the teacher's own training, which comes first.
 *
 * @throws {InputError} if a plan is over what the adapter gives, with the next smaller choice
 */
export async function expectFit(
  { teacher, student, saving, texts: { scored } }: DistilSubject,
  profile: Profile,
  { rows, texts, bindingLimit }: {
    readonly rows: Methods;
    readonly texts: TextShape;
    /** Bytes that one tensor may have, where that is less than the adapter takes. */
    readonly bindingLimit?: number;
  },
): Promise<Fit> {
  const adapter = await adapterLimits(bindingLimit);
  const { recompute = false, textsAtOnce } = saving;
  const textsWritten = Math.min(profile.evaluation.batchSize, Math.max(scored.items.length, texts.batch));
  const models = { teacher: teacher.config, student: student.config };
  const fits = Object.entries(rows).map(([name, row]): [name: string, fit: Fit] => [
    name,
    judgeFit({ ...models, texts, textsWritten, saving, needs: needsOf(row, profile) }, adapter),
  ]);
  for (const [name, fit] of fits) expectFits(rows[name].holds ? name : "it", fit, recompute);
  const [, fit] = fits.reduce((most, other) => other[1].plan.totalBytes > most[1].plan.totalBytes ? other : most);
  if (profile.teacher.training.steps > 0) {
    // Then it is the teacher that takes gradients and moments.
    const roles = { teacher: student.config, student: teacher.config };
    const first = judgeFit({ ...roles, texts, saving: { recompute, textsAtOnce } }, adapter);
    expectFits("fine-tuning the teacher (--teacher-is-tuned leaves it as it is)", first, recompute);
  }
  return fit;
}

/** What a row holds as it trains, and as its student is measured. */
function needsOf(row: RegisteredMethod, profile: Profile): MethodNeeds {
  const needs = row.holds?.(effectiveSettings(row, profile), profile) ?? {};
  const { heldOut, critic: { features, head } } = profile.evaluation;
  if (heldOut === "loss") return needs;
  return { ...needs, critics: [...needs.critics ?? [], { features, head }] };
}

async function adapterLimits(bindingLimit = Infinity): Promise<AdapterLimits> {
  const { info, limits } = await requestAdapter();
  return {
    bindingBytes: Math.min(bindingLimit, limits.maxStorageBufferBindingSize),
    bufferBytes: limits.maxBufferSize,
    memoryBytes: sharedMemory(info)?.bytes,
    inputs: tuningFor(info).inputs,
  };
}

function expectFits(what: string, { fits, over, hasMemory, plan, mostTexts }: Fit, recompute: boolean): void {
  if (fits) return;
  const tensor = over.find(({ blocks }) => blocks === undefined);
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const why = tensor
    ? `${tensor.tensor.name} [${tensor.tensor.shape}] is ${gibibytes(tensor.tensor.bytes)}, over the ${
      gibibytes(tensor.limitBytes)
    } of a ${tensor.limit}`
    : `a step needs ${gibibytes(plan.totalBytes)} of memory`;
  const setting = tensor?.tensor.setting;
  if (tensor && setting) {
    const most = Math.floor(setting.value * tensor.limitBytes / tensor.tensor.bytes);
    throw new InputError(`${what} does not fit this adapter: ${why}; --set ${setting.key}=${most} fits`);
  }
  const less = recompute ? "--teacher-form, --lora" : "--recompute, --teacher-form, --lora";
  const remedy = mostTexts === undefined
    ? `not even one text at once fits${hasMemory === false ? `; ${less}, or smaller models` : ""}`
    : `--texts-at-once ${mostTexts} fits`;
  throw new InputError(`${what} does not fit this adapter: ${why}; ${remedy}`);
}

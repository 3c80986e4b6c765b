import { requestAdapter } from "#kernels/runtime/adapter.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { DistilSubject } from "#lib/distillation/distil_task.ts";
import type { DistilTexts } from "#lib/distillation/distil_texts.ts";
import { InputError } from "#lib/errors.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type AdapterLimits, type Fit, judgeFit } from "#lib/memory/fit.ts";
import { sharedMemory } from "./doctor_for.ts";

/** The texts of a step, at their longest. */
export function shapeOf(texts: DistilTexts, { data, optimizer, distillation }: Profile): TextShape {
  const longest = texts.train.reduce((most, { prompt }) => Math.max(most, prompt.length), 1);
  const batch = Math.max(optimizer.batchSize, distillation.textsPerStep ?? 1);
  return { batch, tokens: longest + data.maxNewTokens, responseTokens: data.maxNewTokens };
}

/**
 * What a step needs, judged by the adapter; so is the teacher's own training, which comes first.
 *
 * @throws {InputError} if the plan is over what the adapter gives, with the next smaller choice
 */
export async function expectFit(
  { teacher, student, saving }: Pick<DistilSubject, "teacher" | "student" | "saving">,
  profile: Profile,
  texts: TextShape,
): Promise<Fit> {
  const adapter = await adapterLimits();
  const { recompute = false, textsAtOnce } = saving;
  const fit = judgeFit({ teacher: teacher.config, student: student.config, texts, saving }, adapter);
  expectFits("it", fit, recompute);
  if (profile.teacher.training.steps > 0) {
    // Then it is the teacher that takes gradients and moments.
    const roles = { teacher: student.config, student: teacher.config };
    const first = judgeFit({ ...roles, texts, saving: { recompute, textsAtOnce } }, adapter);
    expectFits("fine-tuning the teacher (--teacher-is-tuned leaves it as it is)", first, recompute);
  }
  return fit;
}

/** What this adapter gives. */
export async function adapterLimits(): Promise<AdapterLimits> {
  const { info, limits } = await requestAdapter();
  return {
    bindingBytes: limits.maxStorageBufferBindingSize,
    bufferBytes: limits.maxBufferSize,
    memoryBytes: sharedMemory(info)?.bytes,
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
  const less = recompute ? "--teacher-form, --lora" : "--recompute, --teacher-form, --lora";
  const remedy = mostTexts === undefined
    ? `not even one text at once fits${hasMemory === false ? `; ${less}, or smaller models` : ""}`
    : `--texts-at-once ${mostTexts} fits`;
  throw new InputError(`${what} does not fit this adapter: ${why}; ${remedy}`);
}

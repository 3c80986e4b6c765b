import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { llama } from "#lib/models/llama.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { copyOptionsOf } from "#lib/models/model_weights.ts";
import { distanceAlone, distillationFromKnown } from "#lib/objectives/distillation.ts";
import { surprisesOf } from "#lib/objectives/surprise.ts";
import { knownIn } from "#lib/objectives/test_top_tokens.ts";
import { packTrajectories } from "#lib/objectives/trajectory_batch.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { planFor } from "./apart.ts";
import { judgeFit } from "./fit.ts";
import { type Distillation, planDistillation } from "./plan.ts";

const SIZES = { vocabSize: 1000, hiddenSize: 128, numLayers: 3, numHeads: 4, maxPositions: 128 };
const TEXTS = { batch: 8, tokens: 100, responseTokens: 50 };
const APART = { teacherApart: true, topTokens: 16 };
const student = llama.smallConfig(SIZES);
const LARGE = llama.smallConfig({ ...SIZES, numLayers: 6, hiddenSize: 512, numHeads: 8 });
/** As of the plans of other runs: how size classes fall on the buffers of small models is by chance. */
const POOL_TOLERANCE = 0.15;

/** What the pool holds at its peak when a teacher writes and is asked, its student learns without it, writes, and is scored by it. */
async function peakOf(folder: string, { student, teacher, texts }: Distillation): Promise<number> {
  await using gpu = await Gpu.open({ tuning: { inputs: "buffer" } });
  using start = newModel(gpu, student, () => 0.1);
  using own = newModel(gpu, student, undefined, copyOptionsOf(start));
  own.store.copyFrom(start.store);
  const prompt = Array(texts.tokens - texts.responseTokens).fill(1);
  const prompts = Array.from({ length: texts.batch }, (_, key) => ({ promptIds: prompt, key }));
  const written = prompts.map(() => ({ prompt, response: Array(texts.responseTokens).fill(3) }));
  const settings = { ...GREEDY, maxNewTokens: texts.responseTokens, eosId: SIZES.vocabSize - 1, padId: 0, seed: 1 };
  const write = (model: LanguageModel) => generate(gpu, model, prompts, { ...settings, purpose: "memory" });
  const known = await withTeacher(gpu, teacher!, async (model) => {
    await write(model);
    return await knownIn(`${folder}/known`, gpu, model, written, { count: APART.topTokens, batchSize: texts.batch });
  });
  {
    using optimizer = new AdamW(gpu, own.store, { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0 });
    const batch = { ...packTrajectories(gpu, written, own.layout), ...await known.lookUp(written) };
    const objective = distillationFromKnown(distanceAlone({ kind: "forwardKl" }));
    const term = (tape: Tape) => objective(tape, { student: own }, batch);
    await updateStep(gpu, [{ optimizer, learningRate: 1e-3 }], [term]);
  }
  own.store.releaseGradients();
  await write(own);
  await withTeacher(gpu, teacher!, (model) => surprisesOf(gpu, model, written, { batchSize: texts.batch }));
  return gpu.peakBytes;
}

/** What is done with a teacher that is there for as long as that takes. */
async function withTeacher<Result>(
  gpu: Gpu,
  config: ModelConfig,
  use: (teacher: LanguageModel) => Promise<Result>,
): Promise<Result> {
  await gpu.trim();
  const teacher = newModel(gpu, config, () => 0.1);
  const result = await use(teacher);
  teacher[Symbol.dispose]();
  await gpu.trim();
  return result;
}

const FEW = { batch: 4, tokens: 48, responseTokens: 24 };

for (
  const { name, teacher, texts, larger } of [
    { name: "like its", teacher: student, texts: TEXTS, larger: "training" },
    { name: "larger than its", teacher: LARGE, texts: FEW, larger: "teacher" },
  ] as const
) {
  testInFolder(
    `the plan of a teacher ${name} student, and kept apart, is what the pool holds at its peak, within 15 %`,
    async (folder) => {
      const distillation = { student, teacher, texts, saving: APART };
      const { totalBytes, times, parts } = planFor(distillation);
      assertEquals(totalBytes, times![larger]);
      assertEquals(parts.reduce((sum, { bytes }) => sum + bytes, 0), totalBytes);
      assert(totalBytes < planDistillation(distillation).totalBytes);
      const peak = await peakOf(folder, distillation);
      assertAlmostEquals(totalBytes / peak, 1, POOL_TOLERANCE, `${totalBytes} ${peak}`);
    },
    { opensDevice: true },
  );
}

Deno.test("a teacher that is kept apart fits where it would not beside the student; its tensors are judged all the same", () => {
  const distillation = { student, teacher: LARGE, texts: TEXTS };
  const together = planDistillation(distillation).totalBytes;
  const limits = { bindingBytes: 2 ** 27, bufferBytes: 2 ** 30, memoryBytes: together - 1 };
  assertEquals(judgeFit(distillation, limits).fits, false);
  const apart = judgeFit({ ...distillation, saving: APART }, limits);
  assert(apart.fits);
  assert(apart.plan.tensors.some(({ name }) => name.startsWith("teacher: ")));
  assertEquals(planFor({ student, texts: TEXTS, saving: APART }), planDistillation({ student, texts: TEXTS }));
});

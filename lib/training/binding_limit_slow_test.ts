import { assert, assertEquals } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import { gpt2Config } from "#lib/models/gpt2.ts";
import type { ModelOptions } from "#lib/models/model_weights.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { MethodTraining } from "#lib/speed/method_training.ts";

const LIMIT = 2 ** 24;
const VOCAB = 50_257;
const [BATCH, PROMPT_TOKENS, RESPONSE_TOKENS] = [4, 8, 24];

/** Tables of 18 and 25 MiB, critics of as many; 96 states have logits of 18 MiB. */
const SIZES = { vocabSize: VOCAB, numLayers: 1, maxPositions: PROMPT_TOKENS + RESPONSE_TOKENS };
const STUDENT = gpt2Config({ ...SIZES, hiddenSize: 96, numHeads: 3 });
const TEACHER = gpt2Config({ ...SIZES, hiddenSize: 128, numHeads: 4 });

async function open(gpu: Gpu, options: { student?: ModelOptions; teacher?: ModelOptions }): Promise<MethodTraining> {
  const random = new RandomStream(1, "binding limit");
  const token = () => random.integer(VOCAB);
  const draw = () => 0.1 * random.normal();
  const { lora } = options.student ?? {};
  const student = { ...options.student, lora: lora && { ...lora, normalSource: draw } };
  return await MethodTraining.open(gpu, {
    start: newModel(gpu, STUDENT, draw, student),
    student: newModel(gpu, STUDENT, draw, student),
    teacher: newModel(gpu, TEACHER, draw, options.teacher),
    texts: Array.from({ length: 8 }, () => ({
      prompt: Array.from({ length: PROMPT_TOKENS }, token),
      response: Array.from({ length: RESPONSE_TOKENS }, token),
    })),
    batch: BATCH,
    writing: { maxNewTokens: RESPONSE_TOKENS, eosId: VOCAB, padId: 0 },
  });
}

const KD = (training: MethodTraining) => training.distil(1, { kind: "forwardKl" }, () => false);
const LORA = { rank: 4, scale: 2, targets: ["all-linear"] };
const STEPS: Readonly<
  Record<string, readonly [run: (training: MethodTraining) => Promise<void>, Parameters<typeof open>[1]]>
> = {
  kd: [KD, {}],
  "kd of a teacher in 16 bits": [KD, { teacher: { form: "f16" } }],
  "kd by changes of low rank": [KD, { student: { lora: LORA } }],
  gkd: [(training) => training.distil(1, { kind: "jensenShannon", weight: 0.5 }, () => true), {}],
  ammd: [(training) => training.matchRatioMoments(1), {}],
  "ammd with critics that learn": [(training) => training.matchMoments(1), {}],
  mm_pbkd: [(training) => training.matchHeldMoments(1), {}],
};

for (const [name, [run, options]] of Object.entries(STEPS)) {
  Deno.test({
    name: `a step of ${name} at 50,257 ids makes no buffer and binds nothing over 16 MiB, where a device binds no more`,
    sanitizeResources: false,
    async fn() {
      await using gpu = await Gpu.open({ bindingLimit: LIMIT });
      const over: string[] = [];
      const { createBuffer } = gpu.device;
      gpu.device.createBuffer = (descriptor) => {
        if (descriptor.size > LIMIT) over.push(`${descriptor.label}: ${descriptor.size} B`);
        return createBuffer.call(gpu.device, descriptor);
      };
      using training = await open(gpu, options);
      await run(training);
      await gpu.settle();
      assertEquals(over, []);
      assert(gpu.peakBytes > 4 * LIMIT);
    },
  });
}

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import { gpt2 } from "#lib/models/gpt2.ts";
import { llama } from "#lib/models/llama.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { copyOptionsOf } from "#lib/models/model_weights.ts";
import { type ModelConfig, parseModelConfig } from "#lib/models/model_config.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import { MethodTraining } from "#lib/speed/method_training.ts";
import { distanceAlone, distillation } from "#lib/objectives/distillation.ts";
import { packMicroBatches } from "#lib/objectives/trajectory_batch.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { keptNumbers } from "./activations.ts";
import { judgeFit } from "./fit.ts";
import type { MethodNeeds } from "./needs.ts";
import { parameterCount } from "./parameters.ts";
import { type Distillation, type MemoryPart, planDistillation } from "./plan.ts";
import type { Saving } from "./saving.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;

const gpt2Of = (hiddenSize: number, numLayers: number, numHeads: number): DecoderConfig =>
  gpt2.smallConfig({ vocabSize: 50257, maxPositions: 1024, hiddenSize, numLayers, numHeads });

interface LlamaSizes {
  readonly V: number;
  readonly C: number;
  readonly L: number;
  readonly F: number;
  readonly heads: readonly [heads: number, keyHeads: number];
  readonly tied: boolean;
}

const llamaOf = ({ V, C, L, F, heads: [numHeads, numKvHeads], tied }: LlamaSizes): ModelConfig =>
  parseModelConfig({
    ...{ model_type: "llama", vocab_size: V, hidden_size: C, num_hidden_layers: L, intermediate_size: F },
    ...{ num_attention_heads: numHeads, num_key_value_heads: numKvHeads, max_position_embeddings: 2048 },
    ...{ hidden_act: "silu", rms_norm_eps: 1e-5, rope_theta: 10000, tie_word_embeddings: tied },
  }, "config.json");

const t5Of = (size: Readonly<Record<string, unknown>>): ModelConfig =>
  parseModelConfig({
    ...{ model_type: "t5", vocab_size: 32128, is_encoder_decoder: true, d_kv: 64, decoder_start_token_id: 0 },
    ...size,
  }, "config.json");

/** Models of `shared/design/REAL_MODELS.md`, section 4: parameters in millions; GiB of f32 weights, of activations for 8 texts of 512 tokens. */
const REAL: readonly (readonly [
  config: ModelConfig,
  millions: number,
  f32: number,
  kept: number | undefined,
])[] = [
  [gpt2Of(768, 12, 12), 124, 0.46, 2.6],
  [gpt2Of(1024, 24, 16), 355, 1.32, 6.8],
  [gpt2Of(1280, 36, 20), 774, 2.9, 12.7],
  [gpt2Of(1600, 48, 25), 1558, 5.8, 21.1],
  [llamaOf({ V: 49152, C: 576, L: 30, F: 1536, heads: [9, 3], tied: true }), 135, 0.50, 5.6],
  [llamaOf({ V: 49152, C: 960, L: 32, F: 2560, heads: [15, 5], tied: true }), 362, 1.35, 9.9],
  [llamaOf({ V: 128256, C: 2048, L: 16, F: 8192, heads: [32, 8], tied: true }), 1236, 4.6, 12.6],
  [llamaOf({ V: 32000, C: 3200, L: 26, F: 8640, heads: [32, 32], tied: false }), 3427, 12.8, 27],
  [llamaOf({ V: 32000, C: 4096, L: 32, F: 11008, heads: [32, 32], tied: false }), 6738, 25.1, 42],
  [t5Of({ d_model: 768, d_ff: 3072, num_layers: 12, num_heads: 12 }), 223, 0.83, undefined],
  [
    t5Of({
      ...{ d_model: 768, d_ff: 2048, num_layers: 12, num_heads: 12, feed_forward_proj: "gated-gelu" },
      tie_word_embeddings: false,
    }),
    ...[248, 0.92] as const,
    undefined,
  ],
];

Deno.test("parameters, weights and training state of real models are those that the design records", () => {
  for (const [config, millions, f32] of REAL) {
    const count = parameterCount(config);
    assertAlmostEquals(count / 1e6, millions, 0.005 * millions, config.family);
    assertAlmostEquals(4 * count / GIB, f32, 0.02 * f32, config.family);
    const texts = { batch: 8, tokens: 512, responseTokens: 512 };
    const { parts } = planDistillation({ student: config, teacher: config, texts });
    const lasting = parts.slice(0, 3).reduce((sum, { bytes }) => sum + bytes, 0);
    assertEquals(lasting, 16 * count);
    const own = parts.find(({ name }) => name === "teacher: logits")!;
    assert(own.bytes <= 64 * MIB && own.bytes > 63 * MIB, `${own.bytes}`);
  }
});

// The table was made of a tape that kept a product and its sum with the residual apart, and every key head as if there were as many as heads.
Deno.test("activations of real models are at most what the design estimated of an earlier tape, and at least two thirds of it", () => {
  for (const [config, millions, , kept] of REAL) {
    if (kept === undefined) continue;
    const bytes = 4 * keptNumbers(config, { batch: 8, tokens: 512, responseTokens: 256 });
    assert(
      bytes / GIB <= 1.02 * kept && bytes / GIB >= 0.66 * kept,
      `${config.family} ${millions}: ${bytes / GIB} ${kept}`,
    );
  }
});

const SIZES = { vocabSize: 1000, hiddenSize: 128, numLayers: 3, numHeads: 4, maxPositions: 128 };
const LARGER = { ...SIZES, numLayers: 4, hiddenSize: 192 };
const PAIRS: readonly (readonly [student: ModelConfig, teacher: ModelConfig])[] = [
  [gpt2.smallConfig(SIZES), gpt2.smallConfig(LARGER)],
  [{ ...llama.smallConfig(SIZES), numKvHeads: 2 }, llama.smallConfig(LARGER)],
  [t5Config(SIZES), t5Config(LARGER)],
];

/** The pool's peak within 15 %: how its size classes fall on the buffers of small models is by chance. */
const POOL_TOLERANCE = 0.15;

for (const [student, teacher] of PAIRS) {
  Deno.test({
    name: `the plan of a small ${student.family} is what the pool holds at its peak, within 15 %`,
    sanitizeResources: false,
    async fn() {
      const texts = { batch: 8, tokens: 100, responseTokens: 50 };
      const peak = await peakOf({ student, teacher, texts });
      const { totalBytes } = planDistillation({ student, teacher, texts });
      assertAlmostEquals(totalBytes / peak, 1, POOL_TOLERANCE, `${totalBytes} ${peak}`);
    },
  });
}

/** What the pool holds when both have written texts and the student has learned from its teacher on some. */
async function peakOf({ student, teacher, texts, saving = {} }: Distillation): Promise<number> {
  const { batch, tokens, responseTokens } = texts;
  const { textsAtOnce, recompute, teacherForm, studentForm, lora } = saving;
  // The CPU driver's copies of inputs are a part of their own.
  await using gpu = await Gpu.open({ tuning: { inputs: "buffer" } });
  using start = newModel(gpu, student, () => 0.1, {
    ...{ form: studentForm, lora: lora && { ...lora, normalSource: () => 0.1 } },
  });
  using own = newModel(gpu, student, undefined, copyOptionsOf(start));
  own.store.copyFrom(start.store);
  using theirs = newModel(gpu, teacher!, () => 0.1, { form: teacherForm });
  using optimizer = new AdamW(gpu, own.store, { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0 });
  const prompt = Array(tokens - responseTokens).fill(1);
  for (const model of [theirs, own]) await write(gpu, model, Array(textsAtOnce ?? batch).fill(prompt), responseTokens);
  const written = Array(batch).fill({ prompt, response: Array(responseTokens).fill(3) });
  const objective = distillation(distanceAlone({ kind: "forwardKl" }));
  const terms = packMicroBatches(gpu, written, own.layout, {}, textsAtOnce)
    .map((part) => (tape: Tape) => objective(tape, { student: own, teacher: theirs }, part));
  await updateStep(gpu, [{ optimizer, learningRate: 1e-3 }], terms, { recompute });
  await gpu.settle();
  return gpu.peakBytes;
}

const WRITING = { eosId: SIZES.vocabSize - 1, padId: 0 };

async function write(gpu: Gpu, model: LanguageModel, prompts: readonly number[][], maxNewTokens: number) {
  const keyed = prompts.map((promptIds, key) => ({ promptIds, key }));
  await generate(gpu, model, keyed, { ...GREEDY, ...WRITING, maxNewTokens, seed: 1, purpose: "memory" });
}

const LINEAR = { head: "linear" } as const;
const METHODS: Readonly<
  Record<string, readonly [needs: MethodNeeds, run: (training: MethodTraining) => Promise<void>]>
> = {
  GKD: [{}, (training) => training.distil(2, { kind: "jensenShannon", weight: 0.5 }, (step) => step === 2)],
  AMMD: [{ teacherTexts: 8 }, (training) => training.matchRatioMoments(1)],
  "AMMD with critics that learn": [
    { teacherTexts: 8, critics: [{ ...LINEAR, features: "both" }, { ...LINEAR, features: "both" }] },
    (training) => training.matchMoments(1),
  ],
  "MM PbKD": [
    {
      critics: [{ ...LINEAR, features: "teacher", isFitted: true }],
      pairs: { count: 4, states: "teacher" },
    },
    (training) => training.matchHeldMoments(1),
  ],
};

for (const [name, [needs, run]] of Object.entries(METHODS)) {
  Deno.test({
    name: `the plan of ${name} is what the pool holds at its peak, within 15 %`,
    sanitizeResources: false,
    async fn() {
      const [student, teacher] = PAIRS[0];
      const [batch, promptTokens, responseTokens] = [8, 50, 50];
      await using gpu = await Gpu.open({ tuning: { inputs: "buffer" } });
      const text = (i: number) => ({
        prompt: Array(promptTokens).fill(1),
        response: Array.from({ length: responseTokens }, (_, t) => (7 * t + i) % 900),
      });
      using training = await MethodTraining.open(gpu, {
        ...{ start: newModel(gpu, student, () => 0.1), student: newModel(gpu, student), batch },
        ...{ teacher: newModel(gpu, teacher, () => 0.1), texts: Array.from({ length: batch }, (_, i) => text(i)) },
        writing: { ...WRITING, maxNewTokens: responseTokens },
      });
      await run(training);
      await gpu.settle();
      const texts = { batch, tokens: promptTokens + responseTokens, responseTokens };
      const { totalBytes } = planDistillation({ student, teacher, texts, needs });
      assertAlmostEquals(totalBytes / gpu.peakBytes, 1, POOL_TOLERANCE, `${totalBytes} ${gpu.peakBytes}`);
    },
  });
}

const SAVINGS: Readonly<Record<string, Saving>> = {
  "half of the texts at once": { textsAtOnce: 4 },
  "layers that run again": { recompute: true },
  "a teacher in 16 bits": { teacherForm: "bf16" },
  "changes of low rank": { lora: { rank: 4, scale: 2, targets: ["all-linear"] }, recompute: true },
  "changes of low rank to weights in 16 bits": {
    ...{ lora: { rank: 4, scale: 2, targets: ["q_proj", "v_proj"] }, recompute: true, studentForm: "f16" },
  },
  "all of it": {
    textsAtOnce: 4,
    recompute: true,
    teacherForm: "int8",
    studentForm: "bf16",
    lora: { rank: 4, scale: 2, targets: ["all-linear"] },
  },
};

for (const [name, saving] of Object.entries(SAVINGS)) {
  Deno.test({
    name: `a plan with ${name} is less than without, and what the pool holds at its peak, within 15 %`,
    sanitizeResources: false,
    async fn() {
      const [student, teacher] = PAIRS[1];
      const texts = { batch: 8, tokens: 100, responseTokens: 50 };
      const { totalBytes } = planDistillation({ student, teacher, texts, saving });
      assert(totalBytes < planDistillation({ student, teacher, texts }).totalBytes);
      const peak = await peakOf({ student, teacher, texts, saving });
      assertAlmostEquals(totalBytes / peak, 1, POOL_TOLERANCE, `${totalBytes} ${peak}`);
    },
  });
}

const XL_TO_SMALL: Distillation = {
  student: gpt2Of(768, 12, 12),
  teacher: gpt2Of(1600, 48, 25),
  texts: { batch: 8, tokens: 512, responseTokens: 256 },
};

Deno.test("a fit names each tensor over a limit, cuts tables into blocks of rows, and finds how many texts fit", () => {
  const fit = judgeFit(XL_TO_SMALL, { bindingBytes: 128 * MIB, bufferBytes: 2 ** 31 - 1 });
  const over = fit.over.map(({ tensor: { name, shape }, blocks }) => [name, shape.join(), blocks]);
  assertEquals(over, [
    ["teacher: transformer.wte.weight", "50257,1600", 3],
    ["student: transformer.wte.weight", "50257,768", 2],
  ]);
  assertEquals([fit.fits, fit.hasMemory, fit.mostTexts], [true, undefined, 8]);
  const wide = judgeFit({ ...XL_TO_SMALL, texts: { ...XL_TO_SMALL.texts, batch: 64 } }, {
    ...{ bindingBytes: 128 * MIB, bufferBytes: 2 ** 31 - 1 },
  });
  assertEquals(wide.fits, false);
  assert(wide.mostTexts! >= 8 && wide.mostTexts! < 64, `${wide.mostTexts}`);
});

Deno.test("memory decides where it is known: fewer texts fit in less, until the weights alone do not", () => {
  const judge = (gibibytes: number) =>
    judgeFit(XL_TO_SMALL, { bindingBytes: 4 * GIB, bufferBytes: 36 * GIB, memoryBytes: gibibytes * GIB });
  assertEquals([judge(64).fits, judge(64).mostTexts], [true, 8]);
  const tight = judge(10);
  assert(!tight.fits && tight.hasMemory === false && tight.mostTexts! >= 1 && tight.mostTexts! < 8);
  assertEquals(judge(6).mostTexts, undefined);
});

Deno.test("states of pairs that one binding does not hold are named with the setting that they grow with; critics count by their sizes", () => {
  const limits = { bindingBytes: 128 * MIB, bufferBytes: 2 ** 31 - 1 };
  const needs: MethodNeeds = {
    critics: [{ ...LINEAR, features: "teacher", isFitted: true }],
    pairs: { count: 256, states: "teacher" },
  };
  const { fits, over, plan } = judgeFit({ ...XL_TO_SMALL, needs }, limits);
  const { tensor: { name, shape, setting } } = over.find(({ blocks }) => blocks === undefined)!;
  assertEquals([fits, name, shape, setting], [
    ...[false, "pairs: states of their texts"],
    [2 * 256 * 256, 1600],
    { key: "preferences.pairs", value: 256 },
  ]);
  const critic = plan.parts.find(({ name }) => name.startsWith("critics: weights, gradients"))!;
  assertEquals(critic.bytes, 16 * 50257 * 1601);
  assert(judgeFit({ ...XL_TO_SMALL, needs: { ...needs, pairs: { count: 16, states: "teacher" } } }, limits).fits);
});

Deno.test("where only the teacher's texts are known nothing is planned for it, and as much for the student", () => {
  const texts = { batch: 8, tokens: 100, responseTokens: 50 };
  const [student, teacher] = [gpt2Of(768, 12, 12), gpt2Of(1024, 24, 16)];
  const partsOf = (plan: { readonly parts: readonly MemoryPart[] }) =>
    plan.parts.filter(({ name }) => name.startsWith("student: "));
  const [alone, both] = [planDistillation({ student, texts }), planDistillation({ student, teacher, texts })];
  assertEquals(partsOf(alone), partsOf(both));
  assertEquals(alone.parts.filter(({ name }) => name.startsWith("teacher: ")), []);
  assert(both.totalBytes - alone.totalBytes > 1.32 * GIB, "the teacher's weights");
  assertEquals(alone.tensors.filter(({ name }) => !name.startsWith("student: ")), []);
});

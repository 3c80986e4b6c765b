import { assert, assertEquals } from "@std/assert";
import { clipScale, globalNorm } from "#kernels/global_norm/global_norm.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { newModel, readModel, writeModel } from "#lib/models/checkpoint.ts";
import { gpt2Config } from "#lib/models/gpt2.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { llamaConfig } from "#lib/models/llama_config.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import { statesOf } from "#lib/objectives/states.ts";
import { crossEntropyOf } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { AdamW } from "./adam_w.ts";

const gpu = await testGpu();
/** The gradient of the hidden states is a float32 sum over the vocabulary, which blocks add up in another order: it rounds otherwise. */
const GRADIENT_TOLERANCE = 4e-6;

interface Case {
  readonly config: ModelConfig;
  readonly limitBytes: number;
  /** The blocks that its tables lie in under the limit, by their rows. */
  readonly rows: readonly number[];
  readonly tables: readonly string[];
}

const decoderSizes = { vocabSize: 1003, hiddenSize: 64, numLayers: 2, numHeads: 2, maxPositions: 40 };
const small = { limitBytes: 2 ** 16, rows: [256, 256, 256, 235] };
const [wte, embedTokens, shared, head] = [
  "transformer.wte.weight",
  "model.embed_tokens.weight",
  "shared.weight",
  "lm_head.weight",
];
const llama = { ...llamaConfig(decoderSizes), feedForwardSize: 96 };
const t5 = { ...t5Config(decoderSizes), feedForwardSize: 96 };
const large = { vocabSize: 5003, hiddenSize: 128, numLayers: 1, numHeads: 2, maxPositions: 40 };

const CASES: Readonly<Record<string, Case>> = {
  "GPT-2": { ...small, config: gpt2Config(decoderSizes), tables: [wte] },
  "LLaMA with a tied head": { ...small, config: { ...llama, tiedHead: true }, tables: [embedTokens] },
  "LLaMA with a head of its own": { ...small, config: { ...llama, tiedHead: false }, tables: [embedTokens, head] },
  "T5 with a tied head": { ...small, config: { ...t5, tiedHead: true, scaledHead: true }, tables: [shared] },
  "T5 with a head of its own": {
    ...small,
    config: { ...t5, tiedHead: false, scaledHead: false },
    tables: [shared, head],
  },
  "GPT-2 of an odd 5,003 tokens in 1 MiB": {
    config: gpt2Config(large),
    limitBytes: 2 ** 20,
    rows: [2048, 2048, 907],
    tables: [wte],
  },
};

type Values = Map<string, Float32Array>;

/** What a model gives on a device: logits and loss, every gradient, one clipped AdamW step, and a greedy text. */
interface Outcome {
  readonly logits: Float32Array;
  readonly gradients: Values;
  readonly updated: Values;
  readonly texts: readonly (readonly number[])[];
}

function modelOn(device: Gpu, config: ModelConfig): LanguageModel {
  const random = new RandomStream(5, "row blocks");
  return newModel(device, config, () => random.normal());
}

/** @param stepFrom gradients of the AdamW step; its own where there are none */
async function outcome(device: Gpu, config: ModelConfig, stepFrom?: Values): Promise<Outcome> {
  using model = modelOn(device, config);
  const last = config.vocabSize - 1; // in the last block
  const prompts = [[3, 700, 255, 256], [last, 512]];
  const responses = [[400, 3, last], [256, 256, 999, 1, 767]];
  const texts = prompts.map((prompt, i) => ({ prompt, response: responses[i] }));
  const batch = packTrajectories(device, texts, model.layout);
  const { logits, gradients } = await forwardAndBackward(device, model, batch);
  const settings = { ...GREEDY, maxNewTokens: 8, eosId: config.vocabSize, padId: 0, seed: 1, purpose: "row blocks" };
  const keyed = prompts.map((promptIds, key) => ({ promptIds, key }));
  const written = await generate(device, model, keyed, settings);
  const updated = await step(device, model, stepFrom ?? gradients);
  releaseBatch(device, batch);
  return { logits, gradients, updated, texts: written };
}

async function forwardAndBackward(device: Gpu, model: LanguageModel, batch: ReturnType<typeof packTrajectories>) {
  using tape = new Tape(device, { learning: [model.store] });
  model.store.zeroGradients();
  const states = statesOf(tape, model, batch);
  tape.backward(crossEntropyOf(tape, states, batch));
  const logits = await device.read(states.logits.value) as Float32Array;
  return { logits, gradients: await model.store.readGradients() };
}

async function step(device: Gpu, { store }: LanguageModel, gradients: Values): Promise<Values> {
  using optimizer = new AdamW(device, store, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.1 });
  for (const [name, values] of gradients) store.writeGradientRows(name, 0, Float32Array.from(values));
  const norm = globalNorm(device, store.gradients);
  const scale = clipScale(device, norm, 1);
  optimizer.step(1e-2, scale);
  for (const tensor of [norm, scale]) device.release(tensor);
  return await store.read();
}

function assertNear(what: string, actual: Float32Array, expected: Float32Array, tolerance: number): void {
  assertEquals(actual.length, expected.length, what);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0);
  assert(error <= tolerance * largest, `${what}: off by ${error / largest} of its largest number`);
}

/** Two outcomes are equal to the bit. */
function assertSame(actual: Outcome, expected: Outcome): void {
  assertNear("logits", actual.logits, expected.logits, 0);
  for (const [name, values] of expected.gradients) assertNear(name, actual.gradients.get(name)!, values, 0);
  for (const [name, values] of expected.updated) assertNear(name, actual.updated.get(name)!, values, 0);
  assertEquals(actual.texts, expected.texts);
}

for (const [name, { config, limitBytes, rows, tables }] of Object.entries(CASES)) {
  gpuTest(`${name}: row blocks give the logits, gradients, AdamW step and greedy text of whole tables`, async () => {
    const limited = await testGpu({}, limitBytes);
    {
      using model = modelOn(limited, config);
      for (const { name, blocks } of model.store.parameters.values()) {
        const expected = tables.includes(name) ? rows : [blocks[0].value.shape[0]];
        assertEquals(blocks.map(({ value }) => value.shape[0]), expected, name);
      }
    }
    const whole = await outcome(gpu, config);
    const parted = await outcome(limited, config, whole.gradients);
    assertNear("logits", parted.logits, whole.logits, 1e-6);
    for (const [key, gradient] of whole.gradients) {
      if (isNoise(key)) continue;
      assertNear(`gradient of ${key}`, parted.gradients.get(key)!, gradient, GRADIENT_TOLERANCE);
    }
    for (const [key, values] of whole.updated) {
      assertNear(`AdamW step of ${key}`, parted.updated.get(key)!, values, 1e-6);
    }
    assertEquals(parted.texts, whole.texts);
    assertSame(await outcome(limited, config, whole.gradients), parted);
  });
}

/** Softmax does not see the keys' biases: the gradient of theirs is rounding alone. */
function isNoise(name: string): boolean {
  return name.endsWith(".attn.c_attn.bias");
}

testInFolder(
  "a checkpoint that was written from row blocks reads back whole, and the other way round",
  async (folder) => {
    const limited = await testGpu({}, 2 ** 16);
    for (const { config } of [CASES["LLaMA with a head of its own"], CASES["T5 with a tied head"]]) {
      for (const [writer, reader] of [[limited, gpu], [gpu, limited]]) {
        using written = modelOn(writer, config);
        await writeModel(written, folder);
        using read = await readModel(reader, folder);
        assertEquals(await read.store.read(), await written.store.read());
      }
    }
  },
  { opensDevice: true },
);

gpuTest("the state of an optimizer over row blocks is restored to the bit", async () => {
  const limited = await testGpu({}, 2 ** 16);
  const { config } = CASES["GPT-2"];
  using model = modelOn(limited, config);
  using optimizer = new AdamW(limited, model.store, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.1 });
  for (const { name, shape } of model.store.parameters.values()) {
    model.store.writeGradientRows(name, 0, new Float32Array(shape.reduce((a, b) => a * b)).map((_, i) => Math.sin(i)));
  }
  optimizer.step(1e-2);
  const { values, tensors } = optimizer.state();
  const names = Object.keys(tensors!);
  const arrays = await limited.readAll(Object.values(tensors!));
  const saved = { values, arrays: Object.fromEntries(names.map((name, i) => [name, arrays[i]])) };
  optimizer.step(1e-2);
  const expected = await model.store.read();
  optimizer.restore(saved);
  optimizer.step(1e-2);
  assertEquals(await model.store.read(), expected);
});

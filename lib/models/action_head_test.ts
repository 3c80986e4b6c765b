import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { newModel } from "./checkpoint.ts";
import type { LanguageModel, TokenBatch } from "./language_model.ts";
import type { ModelConfig } from "./model_config.ts";
import { TINY } from "./test_decoder.ts";
import { TINY_T5 } from "./test_encoder_decoder.ts";

const gpu = await testGpu();
const ACTIONS = 21;

const MODELS: Readonly<Record<string, ModelConfig>> = {
  "gpt2, tied": TINY.gpt2,
  "llama, untied": { ...TINY.llama, tiedHead: false },
  "t5, tied and scaled": { ...TINY_T5, tiedHead: true, scaledHead: true },
};

function modelOf(config: ModelConfig, actionCount?: number): LanguageModel {
  const random = new RandomStream(3, "padded vocabulary");
  return newModel(gpu, config, () => 4 * random.normal(), { actionCount });
}

function batch(): TokenBatch {
  const texts = {
    tokenIds: gpu.upload(Uint32Array.of(3, 1, 4, 1, 5, 9), [2, 3]),
    spans: gpu.upload(Uint32Array.of(0, 3, 0, 3), [2, 2]),
  };
  return { ...texts, positions: gpu.upload(Uint32Array.of(0, 1, 2, 0, 1, 2), [2, 3]), source: texts };
}

async function logitsOf(model: LanguageModel): Promise<Float32Array> {
  using tape = new Tape(gpu);
  return await gpu.read(model.logits(tape, model.hiddenStates(tape, batch())).value) as Float32Array;
}

for (const [name, config] of Object.entries(MODELS)) {
  gpuTest(`${name}: over its first ids a model has the logits that it has of them among all`, async () => {
    using whole = modelOf(config);
    using cut = modelOf(config, ACTIONS);
    assertEquals([whole.actionCount, cut.actionCount], [config.vocabSize, ACTIONS]);
    const [all, some] = [await logitsOf(whole), await logitsOf(cut)];
    assertEquals([all.length, some.length], [6 * config.vocabSize, 6 * ACTIONS]);
    some.forEach((value, i) => {
      const expected = all[Math.floor(i / ACTIONS) * config.vocabSize + i % ACTIONS];
      assertAlmostEquals(value, expected, 1e-5 * Math.max(1, Math.abs(expected)));
    });
  });

  gpuTest(`${name}: a model writes none of the ids left out, though it would`, async () => {
    using whole = modelOf(config);
    using cut = modelOf(config, ACTIONS);
    const settings = { ...GREEDY, maxNewTokens: 12, eosId: 0xffffffff, padId: 0, seed: 1, purpose: "test" };
    const prompts = [[3, 1, 4], [1, 5, 9, 2]].map((promptIds, key) => ({ promptIds, key }));
    const write = async (model: LanguageModel) => (await generate(gpu, model, prompts, settings)).flat();
    assertEquals((await write(whole)).some((id) => id >= ACTIONS), true);
    assertEquals((await write(cut)).every((id) => id < ACTIONS), true);
  });
}

gpuTest("more ids than the model has rows are those of another model's tokenizer", () => {
  const says = "The tokenizer has 34 ids but the model only 33 rows for them; it is another model's";
  assertThrows(() => modelOf(TINY.llama, 34), InputError, says);
  assertThrows(() => modelOf(TINY.llama, 0), RangeError, "Cannot choose among 0 ids");
  return Promise.resolve();
});

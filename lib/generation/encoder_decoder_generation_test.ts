import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { samplingProbabilities } from "#kernels/sampling/sampling_reference.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { allStates } from "#lib/objectives/test_objective.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { openCachedModel } from "./cached_model.ts";
import { ANCESTRAL, generate, GREEDY } from "./generate.ts";

const gpu = await testGpu();
const NONE = 0xffffffff;
const prompts = [[5], [3, 1, 4, 1, 5, 9, 2], [8, 8, 8], [26, 5, 3, 5]].map((promptIds, key) => ({ promptIds, key }));
const settings = { ...GREEDY, maxNewTokens: 11, eosId: NONE, padId: 0, seed: 7, purpose: "test" };
const sampling = { ...settings, ...ANCESTRAL };

/** The logits that predict each token of a response, and the one behind it, of the whole text at once: `"T V"`. */
async function wholeLogits(
  model: LanguageModel,
  prompt: readonly number[],
  response: readonly number[],
): Promise<Float32Array> {
  const batch = packTrajectories(gpu, [{ prompt, response: [...response, 0] }], model.layout);
  using tape = new Tape(gpu);
  const logits = await gpu.read(allStates(tape, model, batch).logits.value) as Float32Array;
  releaseBatch(gpu, batch);
  return logits;
}

gpuTest(
  "an encoder-decoder with a cache says token by token what it says of the whole text, past the bias's exact buckets",
  async () => {
    using model = tinyEncoderDecoder(gpu, { numDecoderLayers: 2 });
    const { vocabSize } = model.config;
    const responses = prompts.map(({ key }) => Array.from({ length: 19 }, (_, t) => (7 * t + 3 * key) % vocabSize));
    const whole = await Promise.all(prompts.map(({ promptIds, key }) => wholeLogits(model, promptIds, responses[key])));
    const done = gpu.upload(new Uint32Array(prompts.length));
    const texts = { prompts: prompts.map(({ promptIds }) => promptIds), maxNewTokens: 20, padId: 0, done };
    using cached = openCachedModel(gpu, model, texts);
    for (let step = 0; step < 20; step++) {
      using tape = new Tape(gpu);
      const tokens = step === 0
        ? undefined
        : gpu.upload(Uint32Array.from(responses, (row) => row[step - 1]), [prompts.length, 1]);
      const logits = tokens ? cached.readToken(tape, tokens, step - 1) : cached.readPrompts(tape);
      const values = await gpu.read(logits.value);
      for (let b = 0; b < prompts.length; b++) {
        for (let v = 0; v < vocabSize; v++) {
          assertAlmostEquals(values[b * vocabSize + v], whole[b][step * vocabSize + v], 2e-4);
        }
      }
    }
  },
);

gpuTest(
  "an encoder-decoder's greedy text is the likeliest token after what stands there, again and again",
  async () => {
    using model = tinyEncoderDecoder(gpu);
    const { vocabSize } = model.config;
    const texts = await generate(gpu, model, prompts, settings);
    for (const [i, { promptIds }] of prompts.entries()) {
      const logits = await wholeLogits(model, promptIds, texts[i]);
      texts[i].forEach((token, t) => {
        const row = logits.subarray(t * vocabSize, (t + 1) * vocabSize);
        assertEquals(token, row.indexOf(Math.max(...row)), `row ${i}, token ${t}`);
      });
    }
    assert(new Set(texts.map((text) => text.join())).size > 1);
  },
);

gpuTest(
  "an encoder-decoder's samples depend on the prompt's key, not on what is written beside it, and end with eosId",
  async () => {
    using model = tinyEncoderDecoder(gpu, { spread: 1 });
    const own = { ...sampling, eosId: 1, maxNewTokens: 40 };
    const together = await generate(gpu, model, prompts, own);
    assertEquals(await generate(gpu, model, prompts.toReversed(), own), together.toReversed());
    for (const [i, prompt] of prompts.entries()) assertEquals(await generate(gpu, model, [prompt], own), [together[i]]);
    for (const text of together) assert(!text.slice(0, -1).includes(1));
    assert(
      (await generate(gpu, model, prompts.map((prompt) => ({ ...prompt, key: prompt.key + 9 })), own)).join() !==
        together.join(),
    );
  },
);

gpuTest(
  "first tokens are drawn in the proportions of an encoder-decoder's probabilities, or of two models' mixture",
  async () => {
    using student = tinyEncoderDecoder(gpu, { vocabSize: 8, spread: 1 });
    using teacher = tinyEncoderDecoder(gpu, { vocabSize: 8, spread: 1, seed: 2 });
    const draws = Array.from({ length: 1500 }, (_, key) => ({ promptIds: [3, 5], key }));
    const one = { ...sampling, maxNewTokens: 1 };
    const probabilitiesOf = async (model: LanguageModel) =>
      samplingProbabilities((await wholeLogits(model, [3, 5], [])).subarray(0, 8), ANCESTRAL);
    const [p, q] = [await probabilitiesOf(student), await probabilitiesOf(teacher)];
    for (const weight of [0, 0.4]) {
      const counts = new Float64Array(8);
      for (const [token] of await generate(gpu, student, draws, one, { model: teacher, weight })) counts[token]++;
      const expected = Array.from(p, (value, v) => draws.length * ((1 - weight) * value + weight * q[v]));
      const chiSquared = expected.reduce((sum, mean, v) => sum + (counts[v] - mean) ** 2 / mean, 0);
      // The 99.99 % quantile for 7 degrees of freedom.
      assert(chiSquared < 29.9, `weight ${weight}: ${chiSquared}`);
    }
  },
);

gpuTest("a decoder cannot be mixed with an encoder-decoder", async () => {
  using student = tinyEncoderDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama");
  await assertRejects(
    () => generate(gpu, student, prompts, sampling, { model: teacher, weight: 0.5 }),
    InputError,
    "one is an encoder-decoder and the other is not",
  );
});

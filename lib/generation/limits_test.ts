import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { penalizedReference, repeatingTokens } from "#kernels/repetition/repetition_reference.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { hiddenOf } from "#lib/objectives/states.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { ANCESTRAL, generate, type GenerationSettings, GREEDY } from "./generate.ts";

const gpu = await testGpu();
/** No token, for texts that are to reach their full length. */
const NONE = 0xffffffff;
const settings: GenerationSettings = { ...GREEDY, maxNewTokens: 14, eosId: NONE, padId: 0, seed: 7, purpose: "test" };
const prompts = [[5], [3, 1, 4, 1, 5, 9, 2], [8, 8, 8], [26, 5, 3, 5]].map((promptIds, key) => ({ promptIds, key }));

/** The logits after a prompt and what was written, of the whole text at once. */
async function nextLogits(model: LanguageModel, prompt: readonly number[], written: readonly number[]) {
  const batch = packTrajectories(gpu, [{ prompt, response: [...written, 0] }], model.layout);
  using tape = new Tape(gpu);
  const logits = await gpu.read(model.logits(tape, hiddenOf(tape, model, batch)).value) as Float32Array;
  releaseBatch(gpu, batch);
  return logits.subarray(written.length * model.config.vocabSize);
}

interface Limits {
  readonly repetitionPenalty: number;
  readonly noRepeatNgram: number;
}

/** Greedy decoding by the definition: whole texts, and the limits in float64. */
async function greedyWithin(model: LanguageModel, prompt: readonly number[], limits: Limits): Promise<number[]> {
  const written: number[] = [];
  const before = model.layout.kind === "oneText" ? prompt : [model.layout.startId];
  while (written.length < settings.maxNewTokens) {
    const text = [...before, ...written];
    const logits = penalizedReference(await nextLogits(model, prompt, written), text, limits.repetitionPenalty);
    if (limits.noRepeatNgram > 0) {
      for (const token of repeatingTokens(text, limits.noRepeatNgram)) logits[token] = -Infinity;
    }
    written.push(logits.indexOf(Math.max(...logits)));
  }
  return written;
}

const MODELS: Readonly<Record<string, () => LanguageModel>> = {
  decoder: () => tinyDecoder(gpu, "gpt2"),
  "encoder-decoder": () => tinyEncoderDecoder(gpu),
};

for (const [name, open] of Object.entries(MODELS)) {
  gpuTest(`${name}: texts with repetition limits are those of the definition, batched or one by one`, async () => {
    using model = open();
    const free = await generate(gpu, model, prompts, settings);
    for (const limits of [[1.3, 0], [1, 2], [1, 1], [2, 3]]) {
      const [repetitionPenalty, noRepeatNgram] = limits;
      const within = { ...settings, repetitionPenalty, noRepeatNgram };
      const texts = await generate(gpu, model, prompts, within);
      assertNotEquals(texts, free);
      for (const [i, { promptIds }] of prompts.entries()) {
        const expected = await greedyWithin(model, promptIds, { repetitionPenalty, noRepeatNgram });
        assertEquals(texts[i], expected, `${limits}, prompt ${i}`);
        assertEquals((await generate(gpu, model, [prompts[i]], within))[0], expected);
      }
    }
  });
}

gpuTest("limits that change nothing run no kernel of theirs, and give the same texts to the bit", async () => {
  using model = tinyDecoder(gpu);
  const kernels = new Set<string>();
  const sampled = { ...settings, ...ANCESTRAL };
  const free = await generate(gpu, model, prompts, sampled);
  gpu.onDispatch = ({ name }) => kernels.add(name);
  assertEquals(await generate(gpu, model, prompts, { ...sampled, repetitionPenalty: 1, noRepeatNgram: 0 }), free);
  gpu.onDispatch = undefined;
  assert(kernels.has("sampleTokens") && !kernels.has("penalizeRepetition") && !kernels.has("banRepeatedNgrams"));
});

gpuTest("a text ends with whichever of several end tokens comes first", async () => {
  using model = tinyDecoder(gpu);
  const free = await generate(gpu, model, prompts, settings);
  const [eosId, ...otherEosIds] = [free[1][9], free[1][5], free[0][3]];
  for (const ends of [{ eosId, otherEosIds }, { eosId: NONE, otherEosIds: [eosId, ...otherEosIds] }]) {
    const texts = await generate(gpu, model, prompts, { ...settings, ...ends });
    texts.forEach((text, i) => {
      const end = free[i].findIndex((token) => [eosId, ...otherEosIds].includes(token));
      assertEquals(text, end < 0 ? free[i] : free[i].slice(0, end + 1), `prompt ${i}`);
    });
    assert(texts.some((text) => text.length < 10));
  }
});

gpuTest("tokens are told as they are read, in their order, and are the texts however often they are read", async () => {
  using model = tinyDecoder(gpu);
  const expected = await generate(gpu, model, prompts, settings);
  for (const stepsAReading of [1, 3, 20]) {
    const told: number[][] = prompts.map(() => []);
    const onToken = (text: number, token: number) => void told[text].push(token);
    assertEquals(
      await generate(gpu, model, prompts, settings, undefined, { onToken, stepsAReading: () => stepsAReading }),
      expected,
    );
    assertEquals(told, expected);
  }
});

gpuTest("a stop leaves what was read until then", async () => {
  using model = tinyDecoder(gpu);
  const [expected] = await generate(gpu, model, [prompts[1]], settings);
  const stop = new AbortController();
  const told: number[] = [];
  const onToken = (_: number, token: number) => told.push(token) === 3 && stop.abort();
  const watching = { onToken, stop: stop.signal, stepsAReading: () => 1 };
  const [text] = await generate(gpu, model, [prompts[1]], settings, undefined, watching);
  assertEquals(text, told);
  assertEquals(text, expected.slice(0, 3));
});

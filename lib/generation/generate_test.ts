import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { samplingProbabilities } from "#kernels/sampling/sampling_reference.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { FORMS, tinyDecoder } from "#lib/models/test_decoder.ts";
import { ANCESTRAL, generate, type GenerationPrompt, type GenerationSettings, GREEDY } from "./generate.ts";

const gpu = await testGpu();
/** No token, for texts that are to reach their full length. */
const NONE = 0xffffffff;
const settings: GenerationSettings = { ...GREEDY, maxNewTokens: 12, eosId: NONE, padId: 0, seed: 7, purpose: "test" };
const sampling = { ...settings, ...ANCESTRAL };

const prompts: readonly GenerationPrompt[] = [[5], [3, 1, 4, 1, 5, 9, 2], [8, 8, 8], [26, 5, 3, 5]].map(
  (promptIds, key) => ({ promptIds, key }),
);

/** The logits after a text, alone and without cache. */
async function nextLogits(model: Decoder, text: readonly number[]): Promise<Float32Array> {
  using tape = new Tape(gpu);
  const tokens = text.length;
  const upload = (values: readonly number[], shape: readonly number[]) =>
    tape.adopt(gpu.upload(Uint32Array.from(values), shape));
  const hidden = model.hiddenStates(tape, {
    tokenIds: upload(text, [1, tokens]),
    positions: upload([...text.keys()], [1, tokens]),
    spans: upload([0, tokens], [1, 2]),
  });
  const logits = await gpu.read(model.logits(tape, hidden).value) as Float32Array;
  return logits.subarray((tokens - 1) * model.config.vocabSize);
}

/** Greedy decoding by the definition: the whole text anew for every token. */
async function greedyWithoutCache(model: Decoder, prompt: readonly number[], newTokens: number): Promise<number[]> {
  const text = [...prompt];
  for (let i = 0; i < newTokens; i++) {
    const logits = await nextLogits(model, text);
    text.push(logits.indexOf(logits.reduce((largest, value) => Math.max(largest, value), -Infinity)));
  }
  return text.slice(prompt.length);
}

for (const family of FORMS) {
  gpuTest(
    `${family}: greedy texts with the cache, batched and padded on the left, equal those without, one by one`,
    async () => {
      using model = tinyDecoder(gpu, family);
      const texts = await generate(gpu, model, prompts, settings);
      for (const [i, { promptIds }] of prompts.entries()) {
        assertEquals(texts[i], await greedyWithoutCache(model, promptIds, 12), `prompt ${i}`);
      }
      assert(new Set(texts.flat()).size > 6, "the texts are too plain to tell anything");
    },
  );

  gpuTest(`${family}: a row's samples depend on its key, not on its place or on what is batched with it`, async () => {
    using model = tinyDecoder(gpu, family, { spread: 1 });
    const together = await generate(gpu, model, prompts, sampling);
    const turned = await generate(gpu, model, [...prompts].reverse(), sampling);
    assertEquals(turned.reverse(), together);
    for (const [i, prompt] of prompts.entries()) {
      assertEquals((await generate(gpu, model, [prompt], sampling))[0], together[i], `prompt ${i}`);
    }
  });
}

gpuTest("texts of one prompt differ by key, seed and purpose, and are the same twice", async () => {
  using model = tinyDecoder(gpu, "llama", { spread: 1 });
  const sample = async (change: Partial<GenerationSettings> = {}, key = 0) =>
    (await generate(gpu, model, [{ promptIds: [3, 1], key }], { ...sampling, ...change }))[0];
  const text = await sample();
  assertEquals(await sample(), text);
  assertNotEquals(await sample({}, 1), text);
  assertNotEquals(await sample({ seed: 8 }), text);
  assertNotEquals(await sample({ purpose: "other" }), text);
});

gpuTest("greedy texts do not depend on key, seed or purpose", async () => {
  using model = tinyDecoder(gpu);
  const one = await generate(gpu, model, [{ promptIds: [3, 1], key: 0 }], settings);
  const other = { ...settings, seed: 9, purpose: "other" };
  assertEquals(await generate(gpu, model, [{ promptIds: [3, 1], key: 5 }], other), one);
});

gpuTest("a text ends with the first eos, and the others go on as they would", async () => {
  using model = tinyDecoder(gpu);
  const free = await generate(gpu, model, prompts, settings);
  // A token in the midst of one text is taken for the end.
  const eosId = free[1][5];
  const texts = await generate(gpu, model, prompts, { ...settings, eosId });
  texts.forEach((text, i) => {
    const end = free[i].indexOf(eosId);
    assertEquals(text, end < 0 ? free[i] : free[i].slice(0, end + 1), `prompt ${i}`);
  });
  assertEquals(texts[1].at(-1), eosId);
  assert(texts[1].length <= 6 && texts.some((text) => text.length === 12));
});

gpuTest("a text that ended stays ended even if padId is taken for a token or for eos", async () => {
  using model = tinyDecoder(gpu);
  const [free] = await generate(gpu, model, [prompts[1]], settings);
  for (const padId of [0, free[3]]) {
    const [text] = await generate(gpu, model, [prompts[1]], { ...settings, eosId: free[3], padId });
    assertEquals(text, free.slice(0, free.indexOf(free[3]) + 1));
  }
});

gpuTest("every text has maxNewTokens tokens where none ends, also none at all", async () => {
  using model = tinyDecoder(gpu);
  const twelve = await generate(gpu, model, prompts, settings);
  for (const maxNewTokens of [0, 1, 8, 9]) {
    const texts = await generate(gpu, model, prompts, { ...settings, maxNewTokens });
    assertEquals(texts, twelve.map((text) => text.slice(0, maxNewTokens)));
  }
});

gpuTest("a prompt and its new tokens may fill every position but no more", async () => {
  using model = tinyDecoder(gpu, "gpt2", { maxPositions: 19 });
  const filled = await generate(gpu, model, prompts, settings);
  assertEquals(filled[1], await greedyWithoutCache(model, prompts[1].promptIds, 12));
  await assertRejects(
    () => generate(gpu, model, prompts, { ...settings, maxNewTokens: 13 }),
    RangeError,
    "Cannot generate 13 tokens after a prompt of 7: the model has 19 positions",
  );
});

gpuTest("no prompts give no texts, and a prompt without tokens is refused", async () => {
  using model = tinyDecoder(gpu);
  assertEquals(await generate(gpu, model, [], settings), []);
  await assertRejects(
    () => generate(gpu, model, [prompts[0], { promptIds: [], key: 1 }], settings),
    RangeError,
    "Cannot generate: a prompt has no tokens",
  );
});

gpuTest(
  "generation stops at the first reading that finds every text ended; none is waited for but to read",
  async () => {
    using model = tinyDecoder(gpu);
    const run = async (eosId: number) => {
      const before = gpu.awaits;
      const [text] = await generate(gpu, model, [prompts[1]], { ...settings, maxNewTokens: 32, eosId });
      return { text, awaits: gpu.awaits - before };
    };
    const free = await run(NONE);
    assertEquals([free.text.length, free.awaits], [32, 4]);
    const ended = await run(free.text[2]);
    assertEquals(ended, { text: free.text.slice(0, free.text.indexOf(free.text[2]) + 1), awaits: 1 });
  },
);

gpuTest("generating again and again creates no buffers", async () => {
  // A device of its own: what other tests left in the pool would hide a leak.
  await using own = await Gpu.open();
  using model = tinyDecoder(own);
  const run = async () => {
    await generate(own, model, prompts, sampling);
    return own.liveBuffers;
  };
  await run();
  const settled = await run();
  for (let i = 0; i < 3; i++) assertEquals(await run(), settled);
});

const alphabet = { vocabSize: 33, maxPositions: 40 };

gpuTest("a mixture draws each token as often as (1 − weight) p + weight q says", async () => {
  using student = tinyDecoder(gpu, "llama", { ...alphabet, seed: 1, spread: 2 });
  using teacher = tinyDecoder(gpu, "llama", { ...alphabet, seed: 2, spread: 2 });
  const prompt = prompts[0].promptIds;
  const draws = 5_000;
  const keyed = Array.from({ length: draws }, (_, key) => ({ promptIds: prompt, key }));
  const probabilitiesOf = async (model: Decoder) => samplingProbabilities(await nextLogits(model, prompt), ANCESTRAL);
  const [p, q] = [await probabilitiesOf(student), await probabilitiesOf(teacher)];
  for (const weight of [0.2, 0.7]) {
    const texts = await generate(gpu, student, keyed, { ...sampling, maxNewTokens: 1 }, { model: teacher, weight });
    const counts = new Float64Array(alphabet.vocabSize);
    for (const [token] of texts) counts[token]++;
    const chiSquareOf = (share: number) =>
      counts.reduce((sum, count, v) => {
        const expected = draws * ((1 - share) * p[v] + share * q[v]);
        return sum + (count - expected) ** 2 / expected;
      }, 0);
    // Mean 32, variance 64: three standard deviations above the mean. Neither model alone would pass, nor the weights exchanged.
    const bound = 32 + 3 * 8;
    assert(chiSquareOf(weight) < bound, `χ² is ${chiSquareOf(weight)} at weight ${weight}`);
    for (const other of [0, 1, 1 - weight]) assert(chiSquareOf(other) > bound, `χ² is ${chiSquareOf(other)}`);
  }
});

gpuTest(
  "a mixture of weight 0 draws what the model alone would, and of weight 1 what the other would, to the token",
  async () => {
    using student = tinyDecoder(gpu, "llama", { ...alphabet, seed: 1, spread: 1 });
    using teacher = tinyDecoder(gpu, "gpt2", { ...alphabet, seed: 2, spread: 1 });
    const [own, others] = [
      await generate(gpu, student, prompts, sampling),
      await generate(gpu, teacher, prompts, sampling),
    ];
    const mixed = (weight: number) => generate(gpu, student, prompts, sampling, { model: teacher, weight });
    assertEquals(await mixed(0), own);
    assertEquals(await mixed(1), others);
    const half = await mixed(0.5);
    assertNotEquals(half, own);
    assertNotEquals(half, others);
    assertEquals(await mixed(0.5), half);
  },
);

gpuTest(
  "a mixture of a model with itself takes the greedy path of that model, token by token through both caches",
  async () => {
    using model = tinyDecoder(gpu);
    const alone = await generate(gpu, model, prompts, settings);
    assertEquals(await generate(gpu, model, prompts, settings, { model, weight: 0.4 }), alone);
  },
);

gpuTest("a mixture's weight outside 0 to 1 is refused, as is a model of another vocabulary", async () => {
  using student = tinyDecoder(gpu, "llama");
  using teacher = tinyDecoder(gpu, "gpt2");
  for (const weight of [-0.1, 1.5, NaN]) {
    await assertRejects(
      () => generate(gpu, student, prompts, settings, { model: student, weight }),
      RangeError,
      `Cannot sample from a mixture: its weight is ${weight} but must be from 0 to 1`,
    );
  }
  await assertRejects(
    () => generate(gpu, student, prompts, settings, { model: teacher, weight: 0.5 }),
    InputError,
    "The model's vocabulary has 33 tokens but that of the model mixed in 29; they must be the same",
  );
});

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { ANCESTRAL, generate, type GenerationPrompt, type GenerationSettings, GREEDY } from "./generate.ts";

const gpu = await testGpu();
const test = (name: string, fn: () => Promise<void>) => Deno.test({ name, sanitizeResources: false, fn });

/** No token, for texts that are to reach their full length. */
const NONE = 0xffffffff;
const settings: GenerationSettings = { ...GREEDY, maxNewTokens: 12, eosId: NONE, padId: 0, seed: 7, purpose: "test" };
const sampling = { ...settings, ...ANCESTRAL };

const prompts: readonly GenerationPrompt[] = [[5], [3, 1, 4, 1, 5, 9, 2], [8, 8, 8], [26, 5, 3, 5]].map(
  (promptIds, key) => ({ promptIds, key }),
);

/** Greedy decoding by the definition: the whole text anew for every token, alone and without padding. */
async function greedyWithoutCache(model: Decoder, prompt: readonly number[], newTokens: number): Promise<number[]> {
  const text = [...prompt];
  for (let i = 0; i < newTokens; i++) {
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
    const last = logits.subarray((tokens - 1) * model.config.vocabSize);
    text.push(last.indexOf(last.reduce((largest, value) => Math.max(largest, value), -Infinity)));
  }
  return text.slice(prompt.length);
}

for (const family of ["gpt2", "llama"] as const) {
  test(`${family}: greedy texts with the cache, batched and padded on the left, equal those without, one by one`, async () => {
    using model = tinyDecoder(gpu, family);
    const texts = await generate(gpu, model, prompts, settings);
    for (const [i, { promptIds }] of prompts.entries()) {
      assertEquals(texts[i], await greedyWithoutCache(model, promptIds, 12), `prompt ${i}`);
    }
    assert(new Set(texts.flat()).size > 6, "the texts are too plain to tell anything");
  });

  test(`${family}: a row's samples depend on its key, not on its place or on what is batched with it`, async () => {
    using model = tinyDecoder(gpu, family, { spread: 1 });
    const together = await generate(gpu, model, prompts, sampling);
    const turned = await generate(gpu, model, [...prompts].reverse(), sampling);
    assertEquals(turned.reverse(), together);
    for (const [i, prompt] of prompts.entries()) {
      assertEquals((await generate(gpu, model, [prompt], sampling))[0], together[i], `prompt ${i}`);
    }
  });
}

test("texts of one prompt differ by key, seed and purpose, and are the same twice", async () => {
  using model = tinyDecoder(gpu, "llama", { spread: 1 });
  const sample = async (change: Partial<GenerationSettings> = {}, key = 0) =>
    (await generate(gpu, model, [{ promptIds: [3, 1], key }], { ...sampling, ...change }))[0];
  const text = await sample();
  assertEquals(await sample(), text);
  assertNotEquals(await sample({}, 1), text);
  assertNotEquals(await sample({ seed: 8 }), text);
  assertNotEquals(await sample({ purpose: "other" }), text);
});

test("greedy texts do not depend on key, seed or purpose", async () => {
  using model = tinyDecoder(gpu);
  const one = await generate(gpu, model, [{ promptIds: [3, 1], key: 0 }], settings);
  const other = { ...settings, seed: 9, purpose: "other" };
  assertEquals(await generate(gpu, model, [{ promptIds: [3, 1], key: 5 }], other), one);
});

test("a text ends with the first eos, and the others go on as they would", async () => {
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

test("a text that ended stays ended even if padId is taken for a token or for eos", async () => {
  using model = tinyDecoder(gpu);
  const [free] = await generate(gpu, model, [prompts[1]], settings);
  for (const padId of [0, free[3]]) {
    const [text] = await generate(gpu, model, [prompts[1]], { ...settings, eosId: free[3], padId });
    assertEquals(text, free.slice(0, free.indexOf(free[3]) + 1));
  }
});

test("every text has maxNewTokens tokens where none ends, also none at all", async () => {
  using model = tinyDecoder(gpu);
  const twelve = await generate(gpu, model, prompts, settings);
  for (const maxNewTokens of [0, 1, 8, 9]) {
    const texts = await generate(gpu, model, prompts, { ...settings, maxNewTokens });
    assertEquals(texts, twelve.map((text) => text.slice(0, maxNewTokens)));
  }
});

test("a prompt and its new tokens may fill every position but no more", async () => {
  using model = tinyDecoder(gpu, "gpt2", { maxPositions: 19 });
  const filled = await generate(gpu, model, prompts, settings);
  assertEquals(filled[1], await greedyWithoutCache(model, prompts[1].promptIds, 12));
  await assertRejects(
    () => generate(gpu, model, prompts, { ...settings, maxNewTokens: 13 }),
    RangeError,
    "Cannot generate 13 tokens after a prompt of 7: the model has 19 positions",
  );
});

test("no prompts give no texts, and a prompt without tokens is refused", async () => {
  using model = tinyDecoder(gpu);
  assertEquals(await generate(gpu, model, [], settings), []);
  await assertRejects(
    () => generate(gpu, model, [prompts[0], { promptIds: [], key: 1 }], settings),
    RangeError,
    "Cannot generate: a prompt has no tokens",
  );
});

test("generation stops soon after every text has ended", async () => {
  using model = tinyDecoder(gpu);
  const long = { ...settings, maxNewTokens: 32 };
  const awaitsOf = async (eosId: number, prompts: readonly GenerationPrompt[]) => {
    const before = gpu.awaits;
    const texts = await generate(gpu, model, prompts, { ...long, eosId });
    return { texts, awaits: gpu.awaits - before };
  };
  const free = await awaitsOf(NONE, [prompts[1]]);
  assertEquals(free.awaits, 4 + 1);
  const ended = await awaitsOf(free.texts[0][2], [prompts[1]]);
  assertEquals(ended.awaits, 1 + 1);
  assert(ended.texts[0].length <= 3);
});

test("generating again and again creates no buffers", async () => {
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

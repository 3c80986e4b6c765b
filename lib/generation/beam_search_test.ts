import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { statesOf } from "#lib/objectives/states.ts";
import { beamSearch, type BeamSettings } from "./beam_search.ts";
import { generate, GREEDY } from "./generate.ts";

const gpu = await testGpu();
const settings: BeamSettings = { beams: 3, maxNewTokens: 6, eosId: 1, padId: 0, lengthPenalty: 0 };
const prompts = [[5], [3, 1, 4, 1, 5], [8, 8, 8]];

const MODELS: Readonly<Record<string, (seed: number, vocabSize: number) => LanguageModel>> = {
  decoder: (seed, vocabSize) => tinyDecoder(gpu, "llama", { seed, vocabSize, spread: 2 }),
  "decoder with a window": (seed, vocabSize) => tinyDecoder(gpu, "mistral", { seed, vocabSize, spread: 2 }),
  "encoder-decoder": (seed, vocabSize) => tinyEncoderDecoder(gpu, { seed, vocabSize, spread: 1.2 }),
};

/** log π(token | prompt, response so far) of every token after each of some responses, without a key-value cache, in float64. */
async function nextLogProbs(
  model: LanguageModel,
  prompt: readonly number[],
  responses: readonly (readonly number[])[],
): Promise<number[][]> {
  using tape = new Tape(gpu);
  const logits = responses.map((response) => {
    const batch = packTrajectories(gpu, [{ prompt, response: [...response, 0] }], model.layout);
    const { value } = statesOf(tape, model, batch).logits;
    releaseBatch(gpu, batch);
    return value;
  });
  // One await for all of them.
  return (await gpu.readAll(logits)).map((all, i) => {
    const last = [...all.subarray(responses[i].length * model.config.vocabSize)];
    const largest = Math.max(...last);
    const logTotal = largest + Math.log(last.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return last.map((logit) => logit - logTotal);
  });
}

interface Text {
  readonly tokens: readonly number[];
  readonly logProb: number;
}

const scoreOf = ({ tokens, logProb }: Text, lengthPenalty: number) => logProb / tokens.length ** lengthPenalty;

/** The texts that the same search comes to, written plainly: whole texts, every continuation sorted, no early end. */
async function plainSearch(model: LanguageModel, prompt: readonly number[], settings: BeamSettings): Promise<Text[]> {
  const { beams, maxNewTokens, eosId } = settings;
  let open: Text[] = [{ tokens: [], logProb: 0 }];
  const complete: Text[] = [];
  for (let step = 0; step < maxNewTokens; step++) {
    const all: (Text & { parent: number; token: number })[] = [];
    const next = await nextLogProbs(model, prompt, open.map(({ tokens }) => tokens));
    for (const [parent, text] of open.entries()) {
      next[parent].forEach((logProb, token) =>
        all.push({ tokens: [...text.tokens, token], logProb: text.logProb + logProb, parent, token })
      );
    }
    all.sort((a, b) => b.logProb - a.logProb || a.parent - b.parent || a.token - b.token);
    const best = all.slice(0, 2 * beams);
    complete.push(...best.slice(0, beams).filter(({ token }) => token === eosId));
    open = best.filter(({ token }) => token !== eosId).slice(0, beams);
  }
  return [...complete, ...open];
}

async function logProbOf(model: LanguageModel, prompt: readonly number[], tokens: readonly number[]): Promise<number> {
  const next = await nextLogProbs(model, prompt, tokens.map((_, t) => tokens.slice(0, t)));
  return tokens.reduce((sum, token, t) => sum + next[t][token], 0);
}

for (const [kind, modelOf] of Object.entries(MODELS)) {
  gpuTest(
    `beams of a ${kind} are those of a search by whole texts, for every number of beams and length penalty`,
    async () => {
      const lengths = new Set<number>();
      for (const seed of [1, 2, 3]) {
        using model = modelOf(seed, 13);
        for (const beams of [1, 3]) {
          const own = { ...settings, beams };
          const texts: Text[][] = [];
          for (const prompt of prompts) texts.push(await plainSearch(model, prompt, own));
          for (const lengthPenalty of [0, 1]) {
            const found = await beamSearch(gpu, model, prompts, { ...own, lengthPenalty });
            for (const i of prompts.keys()) {
              const [best] = texts[i].toSorted((a, b) => scoreOf(b, lengthPenalty) - scoreOf(a, lengthPenalty));
              assertEquals(found[i], best.tokens, `seed ${seed}, ${beams} beams, prompt ${i}`);
              lengths.add(found[i].length);
            }
          }
        }
      }
      // Some texts end by themselves, others at the limit.
      assert(lengths.size > 1 && lengths.has(6), `${[...lengths]}`);
    },
  );

  gpuTest(
    `one beam of a ${kind} is greedy decoding, and what is searched beside a prompt changes nothing`,
    async () => {
      using model = modelOf(4, 33);
      const one = { ...settings, beams: 1, maxNewTokens: 9 };
      const searched = await beamSearch(gpu, model, prompts, one);
      const greedy = { ...GREEDY, maxNewTokens: 9, eosId: 1, padId: 0, seed: 0, purpose: "test" };
      assertEquals(searched, await generate(gpu, model, prompts.map((promptIds, key) => ({ promptIds, key })), greedy));
      const wide = { ...settings, beams: 4 };
      const together = await beamSearch(gpu, model, prompts, wide);
      assertEquals(await beamSearch(gpu, model, prompts, wide), together);
      for (const [i, prompt] of prompts.entries()) {
        assertEquals(await beamSearch(gpu, model, [prompt], wide), [together[i]]);
      }
    },
  );
}

gpuTest("a beam as wide as the tree finds the likeliest text of all", async () => {
  using model = MODELS["encoder-decoder"](5, 8);
  const tree = { ...settings, beams: 4, maxNewTokens: 2 };
  const [found] = await beamSearch(gpu, model, [[5, 3]], tree);
  const texts = [
    [1],
    ...Array.from({ length: 8 }, (_, first) => Array.from({ length: 8 }, (_, second) => [first, second])).flat(),
  ]
    .filter(([first], i) => i === 0 || first !== 1);
  const scores = await Promise.all(texts.map((tokens) => logProbOf(model, [5, 3], tokens)));
  const best = scores.indexOf(Math.max(...scores));
  assertEquals(found, texts[best]);
  // What follows 'all texts' is all probability there is.
  assertAlmostEquals(scores.reduce((sum, score) => sum + Math.exp(score), 0), 1, 1e-4);
});

gpuTest("no buffer is kept after a search", async () => {
  await using own = await Gpu.open();
  using model = tinyEncoderDecoder(own);
  const search = async (times: number) => {
    for (let i = 0; i < times; i++) await beamSearch(own, model, prompts, settings);
    return own.liveBuffers;
  };
  // The first ones find their buffers still waiting to be submitted.
  const before = await search(4);
  assertEquals(await search(4), before);
});

gpuTest("no beams, too many, or an empty prompt are refused; no prompts give no texts", async () => {
  using model = tinyEncoderDecoder(gpu);
  const refused = (changes: Partial<BeamSettings>, message: string) =>
    assertRejects(() => beamSearch(gpu, model, prompts, { ...settings, ...changes }), RangeError, message);
  await refused({ beams: 0 }, "Cannot search with 0 beams: the number must be from 1 to 16");
  await refused({ beams: 17 }, "from 1 to 16");
  await assertRejects(() => beamSearch(gpu, model, [[3], []], settings), RangeError, "a prompt has no tokens");
  assertEquals(await beamSearch(gpu, model, [], settings), []);
  assertEquals(await beamSearch(gpu, model, [[3]], { ...settings, maxNewTokens: 0 }), [[]]);
});

import type { Gpu } from "#kernels/runtime/gpu.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { decodeFlops, referenceGpt, trainStepFlops } from "./reference_gpt.ts";
import { referenceT5, t5TrainStepFlops } from "./reference_t5.ts";
import { ReferenceTraining } from "./reference_training.ts";
import type { Work } from "./work.ts";

const NO_TOKEN = 0xffffffff;
const DECODED_TOKENS = 64;
const WARM_UP_TOKENS = 10;
const PROMPT_TOKENS = 16;

/** Forward, backward and AdamW of the reference GPT on 8 × 128 tokens. */
export function gptStepWork(gpu: Gpu): Work {
  const model = referenceGpt(gpu);
  return trainingWork(gpu, model, trainStepFlops(model));
}

/** The same of the reference T5 on 8 × (128 + 128) tokens. */
export function t5StepWork(gpu: Gpu): Work {
  const model = referenceT5(gpu);
  return trainingWork(gpu, model, t5TrainStepFlops(model));
}

function trainingWork(gpu: Gpu, model: LanguageModel, flops: number): Work {
  const training = new ReferenceTraining(gpu, model);
  return {
    size: { flops },
    run: () => training.step(),
    [Symbol.dispose]: () => training[Symbol.dispose](),
  };
}

/** Greedy decoding of 64 tokens a text with the key-value cache, its prompt of 16 tokens included in the time. */
export function decodeWork(gpu: Gpu, batchSize: number): Work {
  const lengths = { promptTokens: PROMPT_TOKENS, decodedTokens: DECODED_TOKENS, warmUpTokens: WARM_UP_TOKENS };
  return decodingWork(gpu, referenceGpt(gpu), batchSize, lengths);
}

interface DecodingLengths {
  readonly promptTokens: number;
  readonly decodedTokens: number;
  readonly warmUpTokens: number;
}

/**
 * Greedy decoding with a model and random prompts, all of them at once.
 *
 * @param model is disposed of with the work
 */
export function decodingWork(
  gpu: Gpu,
  model: Decoder,
  batchSize: number,
  { promptTokens, decodedTokens, warmUpTokens }: DecodingLengths,
): Work {
  const random = new RandomStream(1, "prompts");
  const prompts = Array.from({ length: batchSize }, (_, key) => ({
    promptIds: Array.from({ length: promptTokens }, () => random.integer(model.config.vocabSize)),
    key,
  }));
  const settings = { ...GREEDY, eosId: NO_TOKEN, padId: 0, seed: 1, purpose: "bench" };
  const decode = async (maxNewTokens: number) =>
    void await generate(gpu, model, prompts, { ...settings, maxNewTokens });
  const tokens = batchSize * decodedTokens;
  return {
    size: { tokens, flops: decodeFlops(model, promptTokens + decodedTokens / 2) * tokens },
    run: () => decode(decodedTokens),
    warmUp: () => decode(warmUpTokens),
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}

import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Decoder } from "#lib/models/decoder.ts";
import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import { llamaConfig } from "#lib/models/llama_config.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { MethodTraining } from "./method_training.ts";

const [VOCAB, EOS, PAD] = [288, 1, 0];
/** Texts of a step. */
export const BATCH = 16;
const [TEXTS, PROMPT_TOKENS, MAX_NEW_TOKENS] = [128, 12, 32];
const STUDENT_HIDDEN = 64;
/** Responses end after each token with this probability: 7 tokens on average, the longest of 16 some 20. */
const END_PROBABILITY = 1 / 7;
/** A component that every token has, far above what the layers add to it, and how much more of it the end of a text has. */
const [COMMON_COMPONENT, MORE_AT_THE_END] = [8, 0.55];

/**
 * Methods at the sizes of profile `tiny`: a student of 116 and a teacher of 631 thousand parameters, batches of 16 random texts
 * of 12 + some 7 tokens, and a student whose texts end as theirs do.
 */
export async function openTinyTraining(gpu: Gpu): Promise<MethodTraining> {
  const random = new RandomStream(1, "tiny training");
  const sizes = { vocabSize: VOCAB, maxPositions: PROMPT_TOKENS + MAX_NEW_TOKENS };
  const drawn = (config: DecoderConfig) => new Decoder(gpu, config, () => random.normal());
  const newStudent = () => drawn(llamaConfig({ ...sizes, hiddenSize: STUDENT_HIDDEN, numLayers: 2, numHeads: 2 }));
  const [start, student] = [newStudent(), newStudent()];
  const teacher = drawn(llamaConfig({ ...sizes, hiddenSize: 128, numLayers: 3, numHeads: 4 }));
  const texts = Array.from({ length: TEXTS }, () => randomText(random));
  await endTexts(gpu, start);
  return await MethodTraining.open(gpu, {
    ...{ start, student, teacher, texts, batch: BATCH },
    writing: { maxNewTokens: MAX_NEW_TOKENS, eosId: EOS, padId: PAD },
  });
}

/**
 * Has a model end its texts after each token with some `END_PROBABILITY`, by its embedding, which is its head too: with a component
 * that all tokens have in common, the last hidden states have it whatever the text, and the token with more of it gains a
 * constant. Fine-tuning on the texts comes to the same, but takes a hundred steps.
 */
async function endTexts(gpu: Gpu, { store }: Decoder): Promise<void> {
  const embedding = store.get("model.embed_tokens.weight").value;
  const values = (await store.read()).get("model.embed_tokens.weight")!;
  for (let token = 0; token < VOCAB; token++) values[token * STUDENT_HIDDEN] = COMMON_COMPONENT;
  values[EOS * STUDENT_HIDDEN] += MORE_AT_THE_END;
  gpu.write(embedding, values);
}

function randomText(random: RandomStream): Trajectory {
  const token = () => 2 + random.integer(VOCAB - 2);
  const response: number[] = [];
  while (response.length < MAX_NEW_TOKENS && response.at(-1) !== EOS) {
    response.push(random.uniform() < END_PROBABILITY ? EOS : token());
  }
  return { prompt: Array.from({ length: PROMPT_TOKENS }, token), response };
}

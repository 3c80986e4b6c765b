import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL, generate } from "#lib/generation/generate.ts";
import { Critic } from "#lib/models/critic.ts";
import { Decoder } from "#lib/models/decoder.ts";
import { llamaConfig } from "#lib/models/decoder_config.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { adversarialLoop, type AdversarialSettings } from "#lib/training/adversarial_loop.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import { medianMs } from "./timing.ts";

const [VOCAB, BATCH, PROMPT_TOKENS, RESPONSE_TOKENS, STEPS] = [288, 16, 12, 8, 5];

const SETTINGS: AdversarialSettings = {
  beta: 0.5,
  gamma: 1,
  features: "both",
  moments: "full",
  horizon: "immediate",
  baseline: "none",
  sftWeight: 0.5,
  criticSteps: 1,
  criticWarmupSteps: 0,
  criticLearningRateFactor: 10,
};

/**
 * Milliseconds of one round of `ammd_sft` at the sizes of profile `tiny`: a critic and a student step, each with 16 off-policy and 16
 * on-policy texts of 12 + 8 tokens, the on-policy ones sampled anew.
 */
export async function adversarialStepMs(gpu: Gpu): Promise<number> {
  const random = new RandomStream(1, "adversarial bench");
  const draw = () => random.normal();
  const sizes = { vocabSize: VOCAB, maxPositions: PROMPT_TOKENS + RESPONSE_TOKENS };
  using student = new Decoder(gpu, llamaConfig({ ...sizes, hiddenSize: 64, numLayers: 2, numHeads: 2 }), draw);
  using teacher = new Decoder(gpu, llamaConfig({ ...sizes, hiddenSize: 128, numLayers: 3, numHeads: 4 }), draw);
  const critic = { featureSize: 192, vocabSize: VOCAB, head: "linear", bound: "tanh" } as const;
  using offPolicyCritic = new Critic(gpu, critic, draw);
  using onPolicyCritic = new Critic(gpu, critic, draw);
  const tokens = (count: number) => Array.from({ length: count }, () => random.integer(VOCAB));
  const texts = (): Trajectory[] =>
    Array.from({ length: BATCH }, () => ({ prompt: tokens(PROMPT_TOKENS), response: tokens(RESPONSE_TOKENS) }));
  const onPolicy = async () => {
    const prompts = texts().map(({ prompt }, key) => ({ promptIds: prompt, key }));
    const settings = { ...ANCESTRAL, maxNewTokens: RESPONSE_TOKENS, eosId: VOCAB, padId: 0, seed: 1, purpose: "bench" };
    const responses = await generate(gpu, student, prompts, settings);
    return prompts.map(({ promptIds }, i) => ({ prompt: promptIds, response: responses[i] }));
  };
  const total = await medianMs(gpu, 5, () =>
    adversarialLoop(gpu, {
      players: { student, teacher, offPolicyCritic, onPolicyCritic },
      texts: { offPolicy: texts, onPolicy, data: texts },
      settings: SETTINGS,
      schedule: { steps: STEPS, learningRate: 1e-4, warmupSteps: 0, finalLearningRateFraction: 1 },
      optimizer: { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0.01 },
      maxGradNorm: 1,
      log: new MeasureLog(gpu, "bench", STEPS),
    }));
  return total / STEPS;
}

import { z } from "zod";
import { fromSft, type StudentRun } from "#lib/bench/method.ts";
import { recipeOf } from "#lib/bench/recipe.ts";
import { count, fraction, positive } from "#lib/bench/setting_schemas.ts";
import { dataOf, issuesOfSharing, promptDraws, shareTexts } from "#lib/bench/student_texts.ts";
import type { MiniLlmSettings } from "#lib/objectives/minillm.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { miniLlmLoop } from "#lib/training/minillm_loop.ts";

/** After the code that the authors published (microsoft/LMOps, folder minillm); where it and the paper part, the code is followed. */
export const minillm = fromSft({
  summary: "policy gradient of reverse KL on texts of both policies mixed (Gu et al. 2023)",
  source: {
    title: "MiniLLM: Knowledge Distillation of Large Language Models (Gu et al.)",
    year: 2023,
    url: "https://arxiv.org/abs/2306.08543",
  },
  equation: `loss = −1/N Σ_t min(ρ_t A_t, clip(ρ_t, 1 − ε, 1 + ε) A_t) + 1/N Σ_t KL(q ‖ p)
       + taskWeight [ (1 − taskKdRatio) CE + taskKdRatio KL(p ‖ q) ] on the data
R_t = clip((log p(y_t) − log q(y_t)) / rewardScale, ±rewardClip), A_t = whiten(Σ_{t'≥t} γ^(t'−t) R_t' / terms),
ρ_t = q(y_t) / m(y_t), texts of m = (1 − mixtureWeight) q + mixtureWeight p; ε is clipRange`,
  label: "MiniLLM",
  style: seriesStyle("green", "long", "triangle-left"),
  numerics: 2,
  teacher: "probabilities",
  settings: z.strictObject({
    mixtureWeight: fraction.default(0.2).describe("of the teacher in the mixture that writes the texts"),
    rewardScale: positive.default(0.5).describe("log-probability ratios are divided by it"),
    rewardClip: positive.default(100).describe("and then held between plus and minus this"),
    gamma: positive.max(1).default(0.95).describe("discount of later rewards"),
    inclusive: z.boolean().default(true).describe("whether a token's reward to go holds its own reward"),
    lengthNormalized: z.boolean().default(true).describe("whether rewards to go are divided by how many they sum"),
    whitened: z.boolean().default(true).describe("whether advantages are brought to mean 0 and deviation 1"),
    clipRange: positive.default(0.2).describe("of PPO's ratio"),
    ppoEpochs: count.default(4).describe("times that a text is learned from"),
    rolloutBatches: count.default(4).describe("batches of texts written at once, each of a step's share"),
    singleStep: z.boolean().default(true).describe("whether reverse KL at the sampled states is added"),
    taskWeight: z.number().min(0).default(1).describe("of the loss on the data beside it"),
    taskKdRatio: fraction.default(0.5).describe("share of forward KL in that loss; the rest is cross-entropy"),
  }),
  check: ({ taskWeight }, profile) => issuesOfSharing(profile, taskWeight > 0 ? 2 : 1, "taskWeight"),
  needsWholeSteps: () => true,
  train: learnFromMixedTexts,
});

/** Trains the run's student on texts that it and the teacher write, mixed token by token. */
export async function learnFromMixedTexts(run: StudentRun, settings: MiniLlmSettings): Promise<void> {
  const { bench, student, seed } = run;
  const { model: teacher } = await bench.teacher();
  const shares = shareTexts(run, { rollouts: true, data: settings.taskWeight > 0 });
  await miniLlmLoop(bench.gpu, {
    players: { student, teacher },
    texts: {
      rollouts: promptDraws(run, {
        size: shares.rollouts,
        mixture: { model: teacher, weight: settings.mixtureWeight },
      }),
      data: dataOf(run, "distillation data", shares.data),
    },
    settings,
    random: new RandomStream(seed, "order of rollouts"),
    ...recipeOf(run),
  });
}

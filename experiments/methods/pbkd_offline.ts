import { z } from "zod";
import { fromSft, type StudentRun } from "#lib/bench/method.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { distillationOf, OWN_RATE, recipeOf, recipeOfOwnRate } from "#lib/bench/recipe.ts";
import type { SettingIssue } from "#lib/bench/section.ts";
import { count, positive } from "#lib/bench/setting_schemas.ts";
import { promptDraws, shareTexts, teacherTextsOf } from "#lib/bench/student_texts.ts";
import { packFeaturedPairs, rewardFeatureSize, tokenRewardLogits } from "#lib/objectives/preference/reward_guidance.ts";
import { rewardHead } from "#lib/objectives/preference/reward_head.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { type GuidanceTexts, guideByReward } from "#lib/training/guide_by_reward.ts";
import { CONFIDENCE, heldPairs, holdByPairs } from "./confidence_settings.ts";

const settings = z.strictObject({
  ...OWN_RATE,
  online: z.boolean().default(false).describe("whether pairs are drawn in rounds as the student changes"),
  ...CONFIDENCE,
  ascentSteps: count.default(1).describe("K: steps of the reward before each of the student"),
  rewardLearningRateFactor: positive.default(10).describe("the reward's rate as a multiple of the student's"),
  rewarded: z.enum(["everyToken", "lastToken"]).default("everyToken").describe("what the reward of a text sums"),
  gamma: positive.max(1).default(1).describe("discount of a text's later tokens"),
  samplesPerPrompt: z.int().min(2).default(2)
    .describe("texts of the student to a prompt at each step, of which the others are the baseline of each"),
});

export type PbkdSettings = z.output<typeof settings>;

export const PBKD_SOURCE = {
  title: "Online Knowledge Distillation with Reward Guidance (Jia)",
  year: 2025,
  url: "https://arxiv.org/abs/2505.18952",
};

/**
 * Reward guidance by preference pairs where the teacher gives nothing but text. Of the paper are the game, the Bradley-Terry likelihood
 * and the confidence set; ours are the form of the reward (a bounded linear head on the features of the SFT student, which stand
 * still), the Lagrange multiplier, the policy gradient with its leave-one-out baseline, and all numbers.
 */
export const pbkdOffline = fromSft({
  summary: "the worst reward that pairs of the SFT student's texts allow, as a policy gradient (PbKD, offline)",
  source: PBKD_SOURCE,
  equation: `min_q max_{r ∈ R(D)} J(p, r) − J(q, r), J(π, r) = E_{τ~π} Σ_h γ^h r(s_h, a_h)
R(D) = { r : LL_r(D) ≥ max_r' LL_r'(D) − slackPerPair }, P(τ₀ ≻ τ₁) = σ(r(τ₀) − r(τ₁))
r = tanh(w · [last hidden state of the SFT student at the token, its log π of the token] + c)`,
  label: "PbKD (offline)",
  style: seriesStyle("vermilion", "long", "circle"),
  numerics: 1,
  teacher: "texts",
  sections: [PREFERENCES],
  ownRecipe: recipeOfOwnRate,
  settings,
  fixed: { online: false },
  check: issuesOf,
  counting,
  needsWholeSteps: () => true,
  holds: (settings, profile) => ({ pairs: heldPairs(settings, profile, "student") }),
  train: guideByPairs,
});

/** Half of a step's texts are the teacher's where the reward ascends, and the student's are of whole groups. */
function issuesOf({ samplesPerPrompt }: PbkdSettings, profile: Profile): SettingIssue[] {
  const { textsPerStep } = distillationOf(profile);
  return textsPerStep >= 2 * samplesPerPrompt ? [] : [{
    path: ["samplesPerPrompt"],
    message: `half of a step's texts must have room for it, and a step has ${textsPerStep} (distillation.textsPerStep)`,
  }];
}

/** A reward that stands still has no ascent, and one without pairs no fit. */
function counting(
  { learningRate: _, slackPerPair, multiplierRate, fit, ascentSteps, rewardLearningRateFactor, ...others }:
    PbkdSettings,
) {
  const ascent = { ascentSteps, rewardLearningRateFactor };
  if (slackPerPair === null) return { slackPerPair, ...ascent, ...others };
  return { slackPerPair, fit, ...(slackPerPair === 0 ? {} : { multiplierRate, ...ascent }), ...others };
}

/** Trains the run's student so. */
export async function guideByPairs(run: StudentRun, settings: PbkdSettings): Promise<void> {
  const { bench: { gpu }, student, seed } = run;
  const { slackPerPair, ascentSteps, samplesPerPrompt } = settings;
  const { model: backbone } = await run.bench.sftStudent(seed);
  using head = rewardHead(gpu, { featureSize: rewardFeatureSize(backbone) });
  using hold = holdByPairs(run, {
    store: head.store,
    pack: (pairs) => packFeaturedPairs(gpu, pairs, { backbone }),
    logits: (tape, batch) => tokenRewardLogits(tape, { head }, batch, settings),
  }, settings);
  const { held, onRound } = hold;
  await guideByReward(gpu, {
    players: { student, backbone, head },
    texts: await textsOf(run, settings),
    // The set of slack 0 has one reward, the one that was fitted.
    settings: { ...settings, ascentSteps: slackPerPair === 0 ? 0 : ascentSteps, textsPerPrompt: samplesPerPrompt },
    ...{ held, onRound },
    ...recipeOf(run),
  });
}

/**
 * The student's step reads texts of its own alone, as many as a step has; the reward's reads half as many, and as many of the teacher's.
 * The student's are of whole prompts, rounded down.
 */
async function textsOf(run: StudentRun, { samplesPerPrompt }: PbkdSettings): Promise<GuidanceTexts> {
  const shares = shareTexts(run, { teacher: true, student: true });
  const size = Math.floor(shares.student / samplesPerPrompt);
  const draw = promptDraws(run, { size, textsPerPrompt: samplesPerPrompt });
  return {
    teacher: await teacherTextsOf(run, shares.teacher),
    async student(ascentSteps) {
      const halves = await draw(ascentSteps + 2);
      return { ascents: halves.slice(0, ascentSteps), descent: halves.slice(ascentSteps).flat() };
    },
  };
}

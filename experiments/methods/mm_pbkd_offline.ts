import { z } from "zod";
import { criticOf } from "#lib/bench/critic_of.ts";
import { fromSft, type StudentRun } from "#lib/bench/method.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { OWN_RATE, recipeOf, recipeOfOwnRate } from "#lib/bench/recipe.ts";
import { count, countOrNone, positive } from "#lib/bench/setting_schemas.ts";
import { promptDraws } from "#lib/bench/student_texts.ts";
import { CRITIC_HEADS } from "#lib/models/critic.ts";
import { valuedBy } from "#lib/objectives/critic_view.ts";
import { onPolicyMoment } from "#lib/objectives/moment_matching.ts";
import { criticLogits, packTaughtPairs } from "#lib/objectives/preference/value_rewards.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { matchMoments } from "#lib/training/match_moments.ts";
import { CONFIDENCE, heldPairs, holdByPairs } from "./confidence_settings.ts";
import { PBKD_SOURCE } from "./pbkd_offline.ts";

const settings = z.strictObject({
  ...OWN_RATE,
  online: z.boolean().default(false).describe("whether pairs are drawn in rounds as the student changes"),
  ...CONFIDENCE,
  criticSteps: count.default(1).describe("K: steps of the critic before each of the student"),
  criticWarmupSteps: countOrNone.default(0).describe("critic updates before the student first moves, beyond the fit"),
  criticLearningRateFactor: positive.default(10).describe("the critic's rate as a multiple of the student's"),
  head: z.enum(CRITIC_HEADS).default("linear").describe(
    "of the critic: a linear map, one behind a hidden layer, or one read by the teacher's own head",
  ),
  bound: z.enum(["tanh", "none"]).default("tanh").describe("of the critic's values: tanh keeps |Q| <= 1"),
  moments: z.enum(["sampled", "full"]).default("full")
    .describe("an action's value, or its expectation under the student"),
  horizon: z.enum(["immediate", "rewardToGo"]).default("immediate")
    .describe("of the student's gradient: an action's own value, or the whole policy gradient"),
  baseline: z.enum(["none", "positionMean", "whitened"]).default("none").describe("subtracted from the reward to go"),
  gamma: positive.max(1).default(1).describe("discount of a text's later steps"),
});

export type MmPbkdSettings = z.output<typeof settings>;

/**
 * Moment matching inside a confidence set of preferences: AMMD's on-policy game whose critic Q is also a reward of texts. With b the
 * teacher (ours; the paper leaves it open) and a critic that sees the teacher's states alone, the likelihood stands still while the
 * student moves.
 */
export const mmPbkdOffline = fromSft({
  summary: "AMMD's on-policy critic held to pairs of the SFT student's texts (MM PbKD, offline)",
  source: PBKD_SOURCE,
  equation: `min_q max_{Q ∈ R(D)} E_{τ~q} Σ_t γ^(t−1) ( E_{a~p} Q(s_t, a) − Q(s_t, y_t) )
R(D) = { Q : LL_Q(D) ≥ max_Q' LL_Q'(D) − slackPerPair }
P(τ₀ ≻ τ₁) = σ( Σ_t γ^(t−1) A(s_t, y_t) of τ₀ − that of τ₁ ), A(s, a) = Q(s, a) − E_{a'~p} Q(s, a')`,
  label: "MM PbKD (offline)",
  style: seriesStyle("sky", "dots", "triangle-left"),
  numerics: 1,
  teacher: "probabilities",
  sections: [PREFERENCES],
  ownRecipe: recipeOfOwnRate,
  settings,
  fixed: { online: false },
  counting,
  needsWholeSteps: ({ slackPerPair }) => slackPerPair !== null,
  holds: ({ head, ...settings }, profile) => ({
    critics: [{ features: "teacher", head, isFitted: settings.slackPerPair !== null }],
    pairs: heldPairs(settings, profile, "teacher"),
  }),
  train: matchMomentsByPairs,
});

/** A critic that stands still has no ascent, and one without pairs no fit. */
function counting(
  {
    learningRate: _,
    slackPerPair,
    multiplierRate,
    fit,
    criticSteps,
    criticWarmupSteps,
    criticLearningRateFactor,
    ...others
  }: MmPbkdSettings,
) {
  const ascent = { criticSteps, criticWarmupSteps, criticLearningRateFactor };
  if (slackPerPair === null) return { slackPerPair, ...ascent, ...others };
  return { slackPerPair, fit, ...(slackPerPair === 0 ? {} : { multiplierRate, ...ascent }), ...others };
}

/** Trains the run's student so; the critic's moment on held-out prompts is part of the run's curves. */
export async function matchMomentsByPairs(run: StudentRun, settings: MmPbkdSettings): Promise<void> {
  const { bench, student, seed } = run;
  const { gpu } = bench;
  const { model: teacher } = await bench.teacher();
  const onPolicy = { ...settings, features: "teacher", beta: 0, sftWeight: 0 } as const;
  using critic = criticOf(bench, { student, teacher }, onPolicy, seed, "on-policy critic");
  using hold = holdByPairs(run, {
    store: critic.store,
    pack: (pairs) => packTaughtPairs(gpu, pairs, teacher),
    logits: (tape, batch) => criticLogits(tape, { critic, teacher }, batch, settings),
  }, settings);
  const { held, onRound } = hold;
  await matchMoments(gpu, {
    // β = 0 leaves the off-policy moment out, and its critic.
    players: { student, teacher, offPolicyCritic: critic, onPolicyCritic: critic },
    texts: { offPolicy: () => [], data: () => [], onPolicy: promptDraws(run) },
    // The set of slack 0 has one critic, the one that was fitted.
    settings: { ...onPolicy, ...(settings.slackPerPair === 0 ? { criticSteps: 0, criticWarmupSteps: 0 } : {}) },
    ...{ held, onRound },
    ...recipeOf(run, {
      measures: (tape, { on }) => ({
        d_on: onPolicyMoment(tape, valuedBy(critic, on.states, onPolicy), on.batch, onPolicy),
      }),
    }),
  });
}

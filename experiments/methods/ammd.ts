import { z } from "zod";
import { criticOf } from "#lib/bench/critic_of.ts";
import { FROM_PROFILE, fromSft, type StudentRun, variantOf } from "#lib/bench/method.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { recipeOf } from "#lib/bench/recipe.ts";
import type { SettingIssue } from "#lib/bench/section.ts";
import { count, countOrNone, fraction, positive } from "#lib/bench/setting_schemas.ts";
import { dataOf, issuesOfSharing, promptDraws, shareTexts, teacherTextsOf } from "#lib/bench/student_texts.ts";
import type { MethodNeeds } from "#lib/memory/needs.ts";
import { CRITIC_HEADS } from "#lib/models/critic.ts";
import { valuedBy } from "#lib/objectives/critic_view.ts";
import { offPolicyMoment, onPolicyMoment } from "#lib/objectives/moment_matching.ts";
import { RatioCritic, ratioMoment } from "#lib/objectives/ratio_critic.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { matchMoments, matchRatioMoments, type MomentTexts } from "#lib/training/match_moments.ts";

const settings = z.strictObject({
  beta: fraction.default(0.5).describe("weight of the off-policy moment; 1 - beta is that of the on-policy one"),
  critic: z.enum(["ratio", "learned"]).default("ratio")
    .describe(
      "the best response f = tanh(c (log p - log q)), or networks that learn f as criticSteps to baseline say",
    ),
  ratio: z.strictObject({
    c: positive.default(0.5).describe("of critic ratio: 0.5 gives (p - q) / (p + q), a large one sign(p - q)"),
    learned: z.boolean().default(false)
      .describe("of critic ratio: whether c is where a scale starts that ascends on the moments in the student's step"),
  }).prefault({}).describe("the best response; it has no steps, texts or warm-up of its own"),
  criticSteps: count.default(1).describe("K: critic updates before each student update"),
  criticWarmupSteps: countOrNone.default(30).describe("critic updates before the student first moves"),
  criticLearningRateFactor: positive.default(40).describe("the critics' rate as a multiple of the student's"),
  features: z.enum(["student", "teacher", "both"]).default("both").describe("whose last hidden states the critics see"),
  head: z.enum(CRITIC_HEADS).default("linear").describe(
    "of a critic: a linear map, one behind a hidden layer, or one read by the teacher's own head",
  ),
  bound: z.enum(["tanh", "none"]).default("tanh").describe("of a critic's values: tanh keeps |f| <= 1"),
  moments: z.enum(["sampled", "full"]).default("full")
    .describe("an action's value, or its expectation under the policy that drew it"),
  horizon: z.enum(["immediate", "rewardToGo"]).default("immediate")
    .describe("of the on-policy gradient: an action's own value, or the whole policy gradient"),
  baseline: z.enum(["none", "positionMean", "whitened"]).default("none").describe("subtracted from the reward to go"),
  gamma: positive.max(1).default(1).describe("discount of a text's later steps"),
  offPolicySource: z.enum(["teacher", "data"]).default("teacher")
    .describe("whose texts the off-policy moment is taken on"),
  sftWeight: z.number().min(0).default(0.5).describe("of cross-entropy on the data; ammd_sft alone adds it"),
});

export type AmmdSettings = z.output<typeof settings>;

/** Adversarial moment matching: docs/differences.md has every choice that the paper leaves open. */
export const ammd = fromSft({
  summary: "adversarial moment matching on both (AMMD, Algorithm 1)",
  source: {
    title: "Adversarial Moment-Matching Distillation of Large Language Models (Jia)",
    year: 2024,
    url: "https://arxiv.org/abs/2406.02959",
  },
  equation: `min_q max_{f₁, f₂} β E U_off + (1 − β) E U_on + sftWeight CE
U_off = Σ_t γ^(t−1) ( f₁(s_t, y_t) − E_{a~q} f₁(s_t, a) ), texts of the teacher
U_on  = Σ_t γ^(t−1) ( E_{a~p} f₂(s_t, a) − f₂(s_t, y_t) ), texts of the student
critic ratio: f₁ = f₂ = tanh(c (log p − log q)), held, in the place of the max; d_off, d_on = E_p f − E_q f`,
  label: "AMMD",
  style: seriesStyle("blue", "solid", "triangle-up"),
  numerics: 2,
  teacher: "probabilities",
  settings,
  fixed: { sftWeight: 0 },
  check: issuesOf,
  counting,
  needsWholeSteps: ({ horizon, baseline }) => horizon === "rewardToGo" && baseline !== "none",
  holds,
  train: matchMomentsOf,
});

/** What a step has too few texts for, and what the ratio critic cannot do: it is known at the states of a batch, and what it costs later is not. */
function issuesOf({ beta, sftWeight, critic, horizon, moments }: AmmdSettings, profile: Profile): SettingIssue[] {
  const sources = Object.values(sourcesOf({ beta, sftWeight })).filter(Boolean).length;
  const unread = issuesOfSharing(profile, sources, "beta");
  if (critic !== "ratio") return unread;
  const refused = (path: string, right: string) => ({
    path: [path],
    message: `must be ${right} where critic is ratio`,
  });
  return [
    ...unread,
    ...(horizon === "immediate" ? [] : [refused("horizon", "immediate")]),
    ...(moments === "full" ? [] : [refused("moments", "full")]),
  ];
}

/** A learned critic for each moment, and what the teacher makes of its own texts. */
function holds(
  { beta, critic, features, head, offPolicySource }: AmmdSettings,
  { distillation }: Profile,
): MethodNeeds {
  const { off, on } = sourcesOf({ beta, sftWeight: 0 });
  return {
    critics: critic === "learned" ? [off, on].filter(Boolean).map(() => ({ features, head })) : [],
    teacherTexts: off && offPolicySource === "teacher" ? distillation.teacherTexts : 0,
  };
}

/** Either critic leaves the other's settings without effect. */
function counting({ critic, ratio, ...settings }: AmmdSettings): Partial<AmmdSettings> {
  if (critic === "learned") return { ...settings, critic };
  const { beta, criticLearningRateFactor, gamma, offPolicySource, sftWeight } = settings;
  return {
    beta,
    critic,
    ratio,
    ...(ratio.learned ? { criticLearningRateFactor } : {}),
    gamma,
    offPolicySource,
    sftWeight,
  };
}

export const ammdOff = variantOf(ammd, { beta: 1 }, {
  summary: "moment matching on the teacher's texts only (AMMD, Proposition 1)",
  label: "AMMD (off-policy)",
  style: seriesStyle("sky", "short", "triangle-right"),
});

export const ammdOn = variantOf(ammd, { beta: 0 }, {
  summary: "moment matching on the student's own texts only (AMMD, Proposition 2)",
  label: "AMMD (on-policy)",
  style: seriesStyle("green", "dots", "diamond", "hollow"),
});

export const ammdSft = variantOf(ammd, { sftWeight: FROM_PROFILE }, {
  summary: "the same with cross-entropy on the data added",
  label: "AMMD + SFT",
  style: seriesStyle("vermilion", "solid", "square", "hollow"),
});

/** The paper's shape. */
export const ammdLearned = variantOf(ammd, { critic: "learned" }, {
  summary: "moment matching with critics that learn beside the student (AMMD, Algorithm 1 as printed)",
  label: "AMMD (learned critics)",
  style: seriesStyle("blue", "long", "triangle-up", "hollow"),
});

/** Trains the run's student so; the critics' moments on held-out prompts are part of the run's curves. */
export async function matchMomentsOf(run: StudentRun, settings: AmmdSettings): Promise<void> {
  await (settings.critic === "ratio" ? matchByRatio(run, settings) : matchByLearnedCritics(run, settings));
}

/** Against critics that start at f = 0. */
async function matchByLearnedCritics(run: StudentRun, settings: AmmdSettings): Promise<void> {
  const { bench, student, seed } = run;
  const { model: teacher } = await bench.teacher();
  using offPolicyCritic = criticOf(bench, { student, teacher }, settings, seed, "off-policy critic");
  using onPolicyCritic = criticOf(bench, { student, teacher }, settings, seed, "on-policy critic");
  await matchMoments(bench.gpu, {
    players: { student, teacher, offPolicyCritic, onPolicyCritic },
    texts: await textsOf(run, settings),
    settings,
    ...recipeOf(run, {
      measures: (tape, { off, on }) => ({
        // A critic that never learns finds no moment, which is not to look like a perfect student.
        ...(settings.beta > 0
          ? { d_off: offPolicyMoment(tape, valuedBy(offPolicyCritic, off.states, settings), off.batch, settings) }
          : {}),
        ...(settings.beta < 1
          ? { d_on: onPolicyMoment(tape, valuedBy(onPolicyCritic, on.states, settings), on.batch, settings) }
          : {}),
      }),
    }),
  });
}

/** Against the best response. */
async function matchByRatio(run: StudentRun, settings: AmmdSettings): Promise<void> {
  const { bench, student } = run;
  const { model: teacher } = await bench.teacher();
  using critic = new RatioCritic(bench.gpu, settings.ratio);
  await matchRatioMoments(bench.gpu, {
    players: { student, teacher, critic },
    texts: await textsOf(run, settings),
    settings: { ...settings, learnsScale: settings.ratio.learned },
    ...recipeOf(run, {
      measures: (tape, { off, on }) => ({
        d_off: ratioMoment(tape, critic, off.states, off.batch),
        d_on: ratioMoment(tape, critic, on.states, on.batch),
      }),
    }),
  });
}

/** Whether a step of the student reads texts of the teacher, of its own, and of the data. */
function sourcesOf({ beta, sftWeight }: Pick<AmmdSettings, "beta" | "sftWeight">) {
  return { off: beta > 0, on: beta < 1, data: sftWeight > 0 };
}

/** Teacher texts (or the data's), the student's own continuations of fresh prompts, and the data: together as many as a step has. */
async function textsOf(run: StudentRun, settings: AmmdSettings): Promise<MomentTexts> {
  const ofTeacher = settings.offPolicySource === "teacher";
  const shares = shareTexts(run, sourcesOf(settings));
  return {
    offPolicy: ofTeacher ? await teacherTextsOf(run, shares.off) : dataOf(run, "off-policy texts", shares.off),
    offPolicyStates: ofTeacher ? await run.bench.teacherStates() : undefined,
    data: dataOf(run, "distillation data", shares.data),
    onPolicy: promptDraws(run, { size: shares.on }),
  };
}

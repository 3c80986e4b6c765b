import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { issuesOfTeacherWins } from "#lib/bench/pair_rounds.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { OWN_RATE, recipeOfOwnRate, withoutRate } from "#lib/bench/recipe.ts";
import { positive } from "#lib/bench/setting_schemas.ts";
import { issuesOfSharing } from "#lib/bench/student_texts.ts";
import { learnFromPairs } from "#lib/bench/text_training.ts";
import { plad as pladObjective } from "#lib/objectives/preference/plad.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** What both forms have in common. */
const OF_PAIRS = {
  source: {
    title: "PLaD: Preference-based Large Language Model Distillation with Pseudo-Preference Pairs (Zhang et al.)",
    year: 2024,
    url: "https://arxiv.org/abs/2406.02886",
  },
  teacher: "texts",
  sections: [PREFERENCES],
  ownRecipe: recipeOfOwnRate,
  counting: withoutRate,
} as const;

/** Pairs that need no oracle: the teacher's text is the preferred one, unless a file of pairs says otherwise. */
const TEACHER_PREFERRED = { online: false, oracle: "teacherWins" } as const;

/** The ranking form. */
export const plad = fromSft({
  summary: "calibration to the teacher's texts above the student's own (Zhang et al. 2024)",
  ...OF_PAIRS,
  equation: `loss = max(0, margin − (s(τ⁺) − s(τ⁻))), s(τ) = mean_t log q(y_t | s_t)
τ⁺ a text of the teacher, τ⁻ one of the student to the same prompt`,
  label: "PLaD",
  style: seriesStyle("orange", "long", "triangle-up", "hollow"),
  numerics: 1,
  settings: z.strictObject({
    ...OWN_RATE,
    margin: positive.default(1).describe("by which the teacher's text is to lead, in nats a token; this project's"),
  }),
  check: (_, profile) => [...issuesOfSharing(profile, 2, "margin"), ...issuesOfTeacherWins(profile)],
  async train(run, { margin }) {
    const { student } = run;
    const objective = pladObjective({ kind: "ranking", margin });
    await learnFromPairs(run, { student }, objective, TEACHER_PREFERRED);
  },
});

/** The form on margins of quality. A pair may ask that the student's text lead, where the metric finds it the better one. */
export const pladMargin = fromSft({
  summary: "calibration by as much as the teacher's texts are better than the student's own (Zhang et al. 2024)",
  ...OF_PAIRS,
  equation: `loss = max(0, scale (quality(τ⁺) − quality(τ⁻)) − (s(τ⁺) − s(τ⁻))), s(τ) = mean_t log q(y_t | s_t)
τ⁺ a text of the teacher, τ⁻ one of the student to the same prompt; quality: the task's metric against the data's answer`,
  label: "PLaD (margin)",
  style: seriesStyle("purple", "mixed", "triangle-right"),
  numerics: 1,
  settings: z.strictObject({
    ...OWN_RATE,
    scale: positive.default(1).describe("nats a token for a metric that is better by 100 points; this project's"),
  }),
  check: (_, profile) => [...issuesOfSharing(profile, 2, "scale"), ...issuesOfTeacherWins(profile)],
  async train(run, { scale }) {
    const { student } = run;
    const objective = pladObjective({ kind: "margin", scale });
    await learnFromPairs(run, { student }, objective, { ...TEACHER_PREFERRED, qualityGaps: true });
  },
});

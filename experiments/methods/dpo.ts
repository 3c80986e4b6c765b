import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { OWN_RATE, recipeOfOwnRate, withoutRate } from "#lib/bench/recipe.ts";
import { positive } from "#lib/bench/setting_schemas.ts";
import { issuesOfSharing } from "#lib/bench/student_texts.ts";
import { learnFromPairs } from "#lib/bench/text_training.ts";
import { dpo as dpoObjective } from "#lib/objectives/preference/dpo.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** Its reference is the SFT student, from which it starts. */
export const dpo = fromSft({
  summary: "direct preference optimization on the pairs that PbKD learns from (Rafailov et al. 2023)",
  source: {
    title: "Direct Preference Optimization: Your Language Model is Secretly a Reward Model (Rafailov et al.)",
    year: 2023,
    url: "https://arxiv.org/abs/2305.18290",
  },
  equation: `loss = −log σ( β [ (log q − log q_sft)(τ⁺) − (log q − log q_sft)(τ⁻) ] )
pairs of texts of teacher and student, τ⁺ the one that the oracle prefers`,
  label: "DPO",
  style: seriesStyle("orange", "solid", "square"),
  numerics: 1,
  teacher: "texts",
  sections: [PREFERENCES],
  ownRecipe: recipeOfOwnRate,
  counting: withoutRate,
  settings: z.strictObject({
    ...OWN_RATE,
    beta: positive.default(0.1).describe("how strongly the student is held to the SFT student"),
  }),
  check: (_, profile) => issuesOfSharing(profile, 2, "beta"),
  async train(run, settings) {
    const { bench, student, seed } = run;
    const { model: reference } = await bench.sftStudent(seed);
    await learnFromPairs(run, { student, reference }, dpoObjective(settings), { online: false });
  },
});

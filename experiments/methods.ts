/**
 * The methods of the comparison. Each trains a copy of the SFT student for the same number of steps; to add one, add an entry.
 * docs/methods.md gives their equations and sources, experiments/profiles/*.yaml their settings.
 */
import { fromSft, type Method, SFT, type StudentRun, TEACHER } from "#lib/experiment/method.ts";
import { miniLlm } from "#lib/experiment/minillm_run.ts";
import { momentMatching } from "#lib/experiment/moment_matching_run.ts";
import type { Profile } from "#lib/experiment/profile.ts";
import { choicesOf, dataOf, drawsOf, teacherTextsOf } from "#lib/experiment/student_texts.ts";
import { distilAdaptively, distilOn, fineTuneOn } from "#lib/experiment/text_training.ts";
import type { Distance } from "#lib/objectives/distance.ts";
import type { DistillationSettings } from "#lib/objectives/distillation.ts";
import { gkdTexts } from "#lib/training/gkd_texts.ts";
import { imitkdTexts } from "#lib/training/imitkd_texts.ts";

export const METHODS = {
  teacher: TEACHER,
  sft: SFT,
  sft_continued: method(
    "sft_continued",
    "fine-tuning for as many further steps as the distilled students take",
    () => ({}),
    (run) => fineTuneOn(run, dataOf(run)),
  ),
  kd: method(
    "kd",
    "forward KL at the states of the data (Hinton et al. 2015)",
    ({ kd }) => kd,
    (run, { kdRatio, temperature }) =>
      distilOn(run, dataOf(run), { distance: { kind: "forwardKl" }, kdRatio, temperature }),
  ),
  seqkd: method(
    "seqkd",
    "fine-tuning on one text of the teacher for each prompt (Kim & Rush 2016)",
    () => ({}),
    async (run) => fineTuneOn(run, await teacherTextsOf(run)),
  ),
  imitkd: method(
    "imitkd",
    "forward KL on the student's own texts, through a buffer (Lin et al. 2020)",
    ({ imitkd }) => imitkd,
    (run, settings) =>
      distilOn(run, imitkdTexts(drawsOf(run), settings, choicesOf(run)), distanceAlone({ kind: "forwardKl" })),
  ),
  minillm: method(
    "minillm",
    "policy gradient of reverse KL on texts of both policies mixed (Gu et al. 2023)",
    ({ minillm }) => minillm,
    miniLlm,
  ),
  gkd: method(
    "gkd",
    "Jensen-Shannon on the data and the student's own texts by turns (Agarwal et al. 2023)",
    ({ gkd }) => gkd,
    (run, { studentShare, weight }) =>
      distilOn(
        run,
        gkdTexts(drawsOf(run), { studentShare }, choicesOf(run)),
        distanceAlone({ kind: "jensenShannon", weight }),
      ),
  ),
  distillm: method(
    "distillm",
    "skewed forward KL with an adaptive share of the student's texts (Ko et al. 2024)",
    ({ distillm }) => distillm,
    (run, { skew, ...texts }) => distilAdaptively(run, texts, distanceAlone({ kind: "skewForwardKl", skew })),
  ),
  opd: method(
    "opd",
    "reverse KL on the student's own texts (on-policy distillation; Thinking Machines 2025)",
    () => ({}),
    (run) => distilOn(run, drawsOf(run).student, distanceAlone({ kind: "reverseKl" })),
  ),
  abkd: method(
    "abkd",
    "alpha-beta divergence at the states of the data (Wang et al. 2025)",
    ({ abkd }) => abkd,
    (run, { alpha, beta }) => distilOn(run, dataOf(run), distanceAlone({ kind: "alphaBeta", alpha, beta })),
  ),
  akl: method(
    "akl",
    "forward and reverse KL weighed by where they differ, at the states of the data (Wu et al. 2024)",
    ({ akl }) => akl,
    (run, { headMass }) => distilOn(run, dataOf(run), distanceAlone({ kind: "adaptiveKl", headMass })),
  ),
  ammd_off: momentMatching("moment matching on the teacher's texts only (AMMD, Proposition 1)", {
    beta: 1,
    sftWeight: 0,
  }),
  ammd_on: momentMatching("moment matching on the student's own texts only (AMMD, Proposition 2)", {
    beta: 0,
    sftWeight: 0,
  }),
  ammd: momentMatching("adversarial moment matching on both (AMMD, Algorithm 1)", { sftWeight: 0 }),
  ammd_sft: momentMatching("the same with cross-entropy on the data added", {}),
} satisfies Record<string, Method>;

/** A method that reads its settings from the profile and trains from the SFT student. */
function method<Settings>(
  name: string,
  summary: string,
  settingsOf: (profile: Profile) => Settings,
  train: (run: StudentRun, settings: Settings) => Promise<void>,
): Method {
  return fromSft(
    summary,
    (profile) => `${name} ${JSON.stringify(settingsOf(profile))}`,
    (run) => train(run, settingsOf(run.bench.profile)),
  );
}

function distanceAlone(distance: Distance): DistillationSettings {
  return { distance, kdRatio: 1, temperature: 1 };
}

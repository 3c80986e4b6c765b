/**
 * Question: what do rounds of fresh pairs gain over as many pairs of the SFT student, and whose texts should a student's be compared with?
 *
 * Source: PbKD (Jia 2025), online: rounds of pairs of the student as it is then. Pairs, steps and texts are the same in all rows; one round
 * is the offline form itself, so that it has no other row. Every form is also trained with pairs of two texts of the student.
 * Command: `deno task reproduce online_iterations`, best in one run with the two tables of preferences.
 * Result: results/<profile>/online_iterations/{scores,items,curves}.csv, table.md, held_out.md, rewards.md, average.svg, gain.svg,
 * rounds.svg, pbkd.svg, mm_pbkd.svg.
 */
import { METHODS, PREFERENCE_METHODS } from "#experiments/methods/registry.ts";
import { AVERAGE_ROUGE, curvesOf } from "#experiments/reports/instruction_report.ts";
import { preferenceReport, rewardTable } from "#experiments/reports/preference_report.ts";
import { scanFigure, type Scanned } from "#experiments/reports/scan_report.ts";
import { valuesIn } from "#experiments/reports/score_figures.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { withPairs } from "./preference_rows.ts";

const { pbkd_offline, pbkd_online, mm_pbkd_offline, mm_pbkd_online } = PREFERENCE_METHODS;
const ROUNDS = [3, 6];
const ROUNDS_OF_ITSELF = 3;

/** By their online form, offline first: as many rounds as its row's name says, and those of pairs of the student's texts alone. */
const FORMS: Readonly<
  Record<string, readonly [offlineName: string, rows: Readonly<Record<string, RegisteredMethod>>]>
> = {
  pbkd_online: ["pbkd_offline", { pbkd_offline, ...onlineRows("pbkd_online", pbkd_online) }],
  mm_pbkd_online: ["mm_pbkd_offline", { mm_pbkd_offline, ...onlineRows("mm_pbkd_online", mm_pbkd_online) }],
};

function onlineRows(name: string, online: RegisteredMethod): Record<string, RegisteredMethod> {
  const against = { rounds: ROUNDS_OF_ITSELF, against: "itself" } as const;
  return {
    ...Object.fromEntries(
      ROUNDS.map((rounds) => [`${name}_${rounds}`, withPairs(online, { rounds }, `${rounds} rounds`)]),
    ),
    [`${name}_itself`]: withPairs(online, against, `${ROUNDS_OF_ITSELF} rounds against itself`),
  };
}

/** Rows against the teacher, by their rounds. */
const SCAN: readonly Scanned[] = Object.entries(FORMS).flatMap(([method, [offline]]) => [
  { row: offline, method, setting: "1" },
  ...ROUNDS.map((rounds) => ({ row: `${method}_${rounds}`, method, setting: `${rounds}` })),
]);

const { sft_continued } = METHODS;
const ROWS = { sft_continued, ...FORMS.pbkd_online[1], ...FORMS.mm_pbkd_online[1] };

export const onlineIterations = instructionExperiment({
  name: "online_iterations",
  source: "PbKD, online",
  description: "rounds of fresh preference pairs against as many pairs of the SFT student",
  methods: ROWS,
  report(results) {
    const methods = Object.keys(ROWS);
    const caption = `Rounds of preference pairs, profile ${results.profile}`;
    const scan = {
      caption: `ROUGE-L, average over the sets, by rounds of pairs (profile ${results.profile})`,
      ...{ rows: SCAN, display: { pbkd_online, mm_pbkd_online } },
    };
    const training = (form: string) =>
      curvesOf(results, "Rounds of pairs while training", ["sft_continued", ...Object.keys(FORMS[form][1])], [
        ...["validation_rouge_l", "pairs", "held_out_accuracy", "validation_response_tokens"],
      ]);
    return preferenceReport(results, { caption, methods }, {
      tables: {
        rewards: rewardTable(results, { caption: `${caption}: rewards`, methods: methods.slice(1) }),
      },
      figures: {
        rounds: scanFigure(valuesIn(results.scores, AVERAGE_ROUGE), scan, {
          ...{ axis: "rounds of pairs, 1: offline", unit: "rounds ", y: "ROUGE-L (%)" },
        }),
        pbkd: training("pbkd_online"),
        mm_pbkd: training("mm_pbkd_online"),
      },
    });
  },
});

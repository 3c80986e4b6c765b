/**
 * Question: how much depends on who labels the pairs: the task's metric, the same with noise, the teacher's probability, or who wrote them?
 *
 * Source: this project; the oracle of PbKD's (Jia 2025) own experiments is not known. DPO learns from the same pairs without a reward.
 * Command: `deno task reproduce preference_oracles`, best in one run with the two tables of preferences.
 * Result: results/<profile>/preference_oracles/{scores,items,curves}.csv, table.md, held_out.md, rewards.md, average.svg, gain.svg,
 * training.svg.
 */
import { METHODS, PREFERENCE_METHODS } from "#experiments/methods/registry.ts";
import { preferenceReport, rewardTable, textCurves } from "#experiments/reports/preference_report.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { withPairs } from "./preference_rows.ts";

const { sft_continued } = METHODS;
const { dpo, pbkd_offline } = PREFERENCE_METHODS;

/** In units of ROUGE-L: a text that is better by a tenth wins about three times in four. */
const NOISE = 0.1;

/** Oracles by the names of their rows. */
const ORACLES = {
  metric: ["metric", { oracle: "metric", temperature: 0 }],
  noisy_metric: ["noisy metric", { oracle: "metric", temperature: NOISE }],
  teacher_log_prob: ["teacher's probability", { oracle: "teacherLogProb", temperature: 0 }],
  teacher_wins: ["teacher wins", { oracle: "teacherWins", temperature: 0 }],
} as const;

function oracleRows(name: string, method: RegisteredMethod): Record<string, RegisteredMethod> {
  return Object.fromEntries(
    Object.entries(ORACLES).map((
      [oracle, [words, changes]],
    ) => [`${name}_${oracle}`, withPairs(method, changes, words)]),
  );
}

const PBKD = oracleRows("pbkd", pbkd_offline);
const ROWS = { sft_continued, ...oracleRows("dpo", dpo), ...PBKD };

export const preferenceOracles = instructionExperiment({
  name: "preference_oracles",
  source: "this project",
  description: "the same pairs of texts, labelled by different oracles",
  methods: ROWS,
  report(results) {
    const methods = Object.keys(ROWS);
    const caption = `Oracles of preference pairs, profile ${results.profile}`;
    return preferenceReport(results, { caption, methods }, {
      tables: {
        rewards: rewardTable(results, {
          ...{ caption: `${caption}: labels and rewards`, methods: methods.slice(1) },
          legend: ["DPO fits no reward, so that it has no accuracy and no confidence set."],
        }),
      },
      figures: { training: textCurves(results, methods) },
    });
  },
});

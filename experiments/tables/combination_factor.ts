/**
 * Question: how much of the off-policy and how much of the on-policy moment should the student match?
 *
 * Source: AMMD (Jia 2024), Table 6: the combination factor β of β U_off + (1 − β) U_on.
 * Command: `deno task reproduce combination_factor`, 8 minutes after instruction_following in one run.
 * Result: results/<profile>/combination_factor/{scores,items,curves}.csv, table.md, average.svg. Recorded for `tiny`: 43.6, 46.1, 46.4,
 * 44.4, 42.9 for β = 0, 0.25, 0.5, 0.75, 1; SFT continued 48.0.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { momentMatching } from "#lib/bench/moment_matching_run.ts";
import { responseFigure, scoreTables } from "#experiments/reports/instruction_report.ts";
import { METHODS } from "#experiments/methods/registry.ts";

const FACTORS = [0, 0.25, 0.5, 0.75, 1];

/** A row for each factor: its name, label and method. */
export const BETAS = Object.fromEntries(FACTORS.map((beta) => [
  `beta_${beta}`,
  { label: `AMMD, β = ${beta}`, beta, method: momentMatching(`β = ${beta}`, { beta, sftWeight: 0 }) },
]));

export const combinationFactor = instructionExperiment({
  name: "combination_factor",
  source: "AMMD, Table 6",
  description: "the weight β of the off-policy moment against the on-policy one",
  methods: {
    sft_continued: METHODS.sft_continued,
    ...Object.fromEntries(Object.entries(BETAS).map(([name, { method }]) => [name, method])),
  },
  module: import.meta.url,
  report(results) {
    const labels = Object.fromEntries(Object.entries(BETAS).map(([name, { label }]) => [name, label]));
    const caption = `Combination factor (after AMMD, Table 6), profile ${results.profile}`;
    const points = Object.entries(BETAS).map(([method, { beta }]) => ({ method, x: beta }));
    return {
      tables: scoreTables(results, { caption, methods: ["sft_continued", ...Object.keys(BETAS)], labels }),
      figures: { average: responseFigure(results, points, "β: weight of the off-policy moment") },
    };
  },
});

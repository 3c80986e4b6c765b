/**
 * Question: how much of the off-policy and how much of the on-policy moment should the student match?
 *
 * Source: AMMD (Jia 2024), Table 6: the combination factor β of β U_off + (1 − β) U_on.
 * Command: `deno task reproduce combination_factor`, little more after instruction_following in one run.
 * Result: results/<profile>/combination_factor/{scores,items,curves}.csv, table.md, average.svg. docs/results.md says what it shows.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { variantOf } from "#lib/bench/method.ts";
import { responseFigure, scoreTables } from "#experiments/reports/instruction_report.ts";
import { METHODS } from "#experiments/methods/registry.ts";

const FACTORS = [0, 0.25, 0.5, 0.75, 1];

/** A row for each factor: its name, and the method. */
const BETAS = Object.fromEntries(FACTORS.map((beta) => {
  const looks = { summary: `β = ${beta}`, label: `AMMD, β = ${beta}` };
  return [`beta_${beta}`, { beta, method: variantOf(METHODS.ammd, { beta }, looks) }];
}));

/** SFT continued, and a row for each factor. */
export const BETA_METHODS = {
  sft_continued: METHODS.sft_continued,
  ...Object.fromEntries(Object.entries(BETAS).map(([name, { method }]) => [name, method])),
};
/** Where the factors' rows stand in a figure. */
export const BETA_POINTS = Object.entries(BETAS).map(([method, { beta }]) => ({ method, x: beta }));

export const combinationFactor = instructionExperiment({
  name: "combination_factor",
  source: "AMMD, Table 6",
  description: "the weight β of the off-policy moment against the on-policy one",
  methods: BETA_METHODS,
  report(results) {
    const caption = `Combination factor (after AMMD, Table 6), profile ${results.profile}`;
    return {
      tables: scoreTables(results, { caption, methods: Object.keys(BETA_METHODS) }),
      figures: { average: responseFigure(results, BETA_POINTS, "β: weight of the off-policy moment") },
    };
  },
});

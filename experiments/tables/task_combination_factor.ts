/**
 * Question: how much of the off-policy and how much of the on-policy moment should a student match on each task?
 *
 * Source: AMMD (Jia 2024), Table 6: the combination factor β of β U_off + (1 − β) U_on, rows of the three tasks.
 * Command: `deno task reproduce task_combination_factor`, some 10 minutes after task_specific in one run.
 * Result: results/<profile>/task_combination_factor/{scores,items,curves}.csv, table.md, sampled.md, scores.svg. Recorded for `tiny`, greedy:
 * 38.3, 41.3, 39.3 ROUGE-L, 13.7, 16.1, 11.0 BLEU and 67.9, 66.5, 65.8 % for β = 0, 0.5, 1; SFT continued 44.1, 20.2 and 67.9.
 */
import { T5_SUBJECTS, taskExperiment } from "#experiments/tasks/task_experiment.ts";
import { BETAS } from "./combination_factor.ts";
import { METHODS } from "#experiments/methods/registry.ts";
import { taskResponseFigure, taskTables } from "#experiments/reports/task_report.ts";
import { MAIN_SIZE } from "./task_specific.ts";

/** Three of the five factors of `combination_factor`: a student of each takes as long as three others here. */
const TASK_BETAS = ["beta_0", "beta_0.5", "beta_1"].map((name) => [name, BETAS[name]] as const);

export const taskCombinationFactor = taskExperiment({
  name: "task_combination_factor",
  source: "AMMD, Table 6",
  description: "the weight β of the off-policy moment against the on-policy one, on the three tasks",
  subjects: T5_SUBJECTS.filter(({ size }) => size === MAIN_SIZE),
  methods: {
    sft_continued: METHODS.sft_continued,
    ...Object.fromEntries(TASK_BETAS.map(([name, { method }]) => [name, method])),
  },
  report(results) {
    const caption = `Combination factor on the tasks (after AMMD, Table 6), profile ${results.profile}`;
    const points = TASK_BETAS.map(([method, { beta }]) => ({ method, x: beta }));
    return {
      tables: taskTables(results, { caption, methods: ["sft_continued", ...TASK_BETAS.map(([name]) => name)] }),
      figures: { scores: taskResponseFigure(results, points, "β: weight of the off-policy moment", MAIN_SIZE) },
    };
  },
});

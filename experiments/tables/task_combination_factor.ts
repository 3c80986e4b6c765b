/**
 * Question: how much of the off-policy and how much of the on-policy moment should a student match on each task?
 *
 * Source: AMMD (Jia 2024), Table 6: the combination factor β of β U_off + (1 − β) U_on, rows of the three tasks.
 * Command: `deno task reproduce task_combination_factor`, best in one run with task_specific, which has β = ½ and SFT continued.
 * Result: results/<profile>/task_combination_factor/{scores,items,curves}.csv, table.md, sampled.md, scores.svg.
 * docs/results.md says what it shows.
 */
import { T5_SUBJECTS, taskExperiment } from "#experiments/tasks/task_experiment.ts";
import { BETA_METHODS, BETA_POINTS } from "./combination_factor.ts";
import { taskResponseFigure, taskTables } from "#experiments/reports/task_report.ts";
import { MAIN_SIZE } from "./task_specific.ts";

export const taskCombinationFactor = taskExperiment({
  name: "task_combination_factor",
  source: "AMMD, Table 6",
  description: "the weight β of the off-policy moment against the on-policy one, on the three tasks",
  subjects: T5_SUBJECTS.filter(({ size }) => size === MAIN_SIZE),
  methods: BETA_METHODS,
  report(results) {
    const caption = `Combination factor on the tasks (after AMMD, Table 6), profile ${results.profile}`;
    return {
      tables: taskTables(results, { caption, methods: Object.keys(BETA_METHODS) }),
      figures: { scores: taskResponseFigure(results, BETA_POINTS, "β: weight of the off-policy moment", MAIN_SIZE) },
    };
  },
});

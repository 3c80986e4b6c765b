/**
 * Question: do the methods that learn from preferences teach an encoder-decoder too?
 *
 * Source: this project; the rows of both tables of preferences, on summaries alone. An experiment of its own, since cells of encoder-decoders
 * have a task in their names and read the sizes of `taskSpecific`, and a table is of one kind of students.
 * Command: `deno task reproduce preference_tasks`, best in one run with task_specific, which trains its baselines.
 * Result: results/<profile>/preference_tasks/{scores,items,curves}.csv, table.md (greedy), sampled.md, held_out_samsum.md, gain.svg,
 * gain_sampled.svg.
 */
import { taskGainFigure, taskHeldOutTables, taskTables } from "#experiments/reports/task_report.ts";
import { T5_SUBJECTS, taskExperiment } from "#experiments/tasks/task_experiment.ts";
import { BLACK_BOX, WHITE_BOX } from "./preferences.ts";
import { MAIN_SIZE } from "./task_specific.ts";

const ROWS = { ...BLACK_BOX, ...WHITE_BOX };

export const preferenceTasks = taskExperiment({
  name: "preference_tasks",
  source: "this project",
  description: "the rows of both tables of preferences as encoder-decoders that summarise",
  subjects: T5_SUBJECTS.filter(({ corpus, size }) => corpus === "samsum" && size === MAIN_SIZE),
  methods: ROWS,
  report(results) {
    const methods = Object.keys(ROWS);
    const caption = `Distillation by preferences of encoder-decoders, profile ${results.profile}`;
    return {
      tables: {
        ...taskTables(results, { caption, methods }),
        ...taskHeldOutTables(results, { caption, methods }, MAIN_SIZE),
      },
      figures: {
        gain: taskGainFigure(results, methods, MAIN_SIZE, "table"),
        gain_sampled: taskGainFigure(results, methods, MAIN_SIZE, "sampled"),
      },
    };
  },
});

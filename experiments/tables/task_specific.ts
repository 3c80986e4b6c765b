/**
 * Question: do the methods that teach a decoder to follow instructions teach an encoder-decoder to summarise, translate and answer?
 *
 * Source: AMMD (Jia 2024), Table 2: SAMSum (ROUGE-L), IWSLT'17 English to German (BLEU), StrategyQA (accuracy), students of three sizes.
 * Command: `deno task reproduce task_specific`.
 * Result: results/<profile>/task_specific/{scores,items,curves}.csv, table.md (greedy), sampled.md, held_out_<data set>.md (scores beside
 * entropy and distances), gain.svg, gain_sampled.svg, distances.svg. docs/results.md says what it shows.
 */
import { taskExperiment } from "#experiments/tasks/task_experiment.ts";
import { METHODS } from "#experiments/methods/registry.ts";
import { PUBLISHED_TASKS } from "#experiments/reports/published_numbers.ts";
import { taskCurves, taskGainFigure, taskHeldOutTables, taskTables } from "#experiments/reports/task_report.ts";

/** The size of student that figures and held-out tables show; the tables of scores have all three. */
export const MAIN_SIZE = "base";

const { teacher, sft, sft_continued, kd, seqkd, imitkd, minillm, gkd, distillm, ammd, ammd_sft } = METHODS;
const TASK_METHODS = { teacher, sft, sft_continued, kd, seqkd, imitkd, minillm, gkd, distillm, ammd, ammd_sft };

export const taskSpecific = taskExperiment({
  name: "task_specific",
  source: "AMMD, Table 2",
  description: "summaries (ROUGE-L), translations (BLEU) and yes/no answers (accuracy) of distilled encoder-decoders",
  methods: TASK_METHODS,
  report(results) {
    const methods = Object.keys(TASK_METHODS);
    const caption = `Task-specific distillation (after AMMD, Table 2), profile ${results.profile}`;
    return {
      tables: {
        ...taskTables(results, { caption, methods, published: PUBLISHED_TASKS }),
        ...taskHeldOutTables(results, { caption, methods }, MAIN_SIZE),
      },
      figures: {
        gain: taskGainFigure(results, methods, MAIN_SIZE, "table"),
        gain_sampled: taskGainFigure(results, methods, MAIN_SIZE, "sampled"),
        distances: taskCurves(results, ["sft_continued", "kd", "gkd", "ammd", "ammd_sft"], MAIN_SIZE),
      },
    };
  },
});

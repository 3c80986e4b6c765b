/**
 * Question: do student and critics come to rest? What the training loss, the moments d_on and d_off on held-out prompts and the
 * students' texts do over the steps of Algorithm 1, with each moment alone, both, and cross-entropy beside them.
 *
 * Source: AMMD (Jia 2024), Figures 3 and 6: training loss, d_on and d_off against the step.
 * Command: `deno task reproduce adversarial_training`, nothing more after instruction_following in one run.
 * Result: results/<profile>/adversarial_training/{scores,items,curves}.csv, table.md, training.svg, texts.svg.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { curvesOf, heldOutTable } from "#experiments/reports/instruction_report.ts";
import { METHODS } from "#experiments/methods/registry.ts";

const { sft, ammd_off, ammd_on, ammd, ammd_sft, ammd_learned } = METHODS;
const TRAINED = { ammd_off, ammd_on, ammd, ammd_sft, ammd_learned };
/** With what every row starts from. */
const ROWS = { sft, ...TRAINED };

export const adversarialTraining = instructionExperiment({
  name: "adversarial_training",
  source: "AMMD, Figures 3, 6",
  description: "training loss and moments on held-out prompts against the step of Algorithm 1",
  methods: ROWS,
  report(results) {
    const trained = Object.keys(TRAINED);
    const caption =
      `Adversarial training (after AMMD, Figures 3, 6), profile ${results.profile}: held-out prompts at the end`;
    return {
      tables: { table: heldOutTable(results, { caption, methods: Object.keys(ROWS) }) },
      figures: {
        training: curvesOf(results, "Adversarial training", trained, ["loss", "validation_d_off", "validation_d_on"]),
        texts: curvesOf(results, "The students' texts in adversarial training", trained, [
          "validation_rouge_l",
          "validation_response_tokens",
          "validation_two_tv_off",
          "validation_two_tv_on",
          "validation_entropy_on",
        ]),
      },
    };
  },
});

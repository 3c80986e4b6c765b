/**
 * Question: which learning rate should every row of the other tables have?
 *
 * Source: this project. One rate for all rows, chosen here on validation prompts; the evaluation sets are not read.
 * Command: `deno task reproduce learning_rates`.
 * Result: results/<profile>/learning_rates/{scores,items,curves}.csv, table.md, held_out.md, scan.svg.
 */
import { METHODS } from "#experiments/methods/registry.ts";
import { heldOutTable } from "#experiments/reports/instruction_report.ts";
import { scanFigure, scanTable } from "#experiments/reports/scan_report.ts";
import { valuesIn } from "#experiments/reports/score_figures.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { scanRows } from "./scan_rows.ts";

const { sft_continued, kd, gkd, abkd, ammd, ammd_learned } = METHODS;
const SUBJECTS = { sft_continued, kd, gkd, abkd, ammd, ammd_learned };
const { scan: SCAN, methods: ROWS } = scanRows(SUBJECTS, ["5e-4", "1e-3", "2e-3", "4e-3"], {
  joint: "_at_",
  words: (rate) => `rate ${rate}`,
  recipe: (learningRate) => ({ learningRate }),
});

const VALIDATION = "validation";

export const learningRates = instructionExperiment({
  name: "learning_rates",
  source: "this project",
  description: "ROUGE-L on validation prompts at four learning rates, by which that of all rows was chosen",
  scoredOn: VALIDATION,
  methods: ROWS,
  report(results) {
    const scan = {
      caption: `ROUGE-L on validation prompts at four peak learning rates, profile ${results.profile}`,
      rows: SCAN,
      display: SUBJECTS,
    };
    return {
      tables: {
        table: scanTable(results, scan, VALIDATION),
        held_out: heldOutTable(results, {
          caption: `Learning rates, profile ${results.profile}: held-out prompts at the end`,
          methods: Object.keys(ROWS),
        }),
      },
      figures: {
        scan: scanFigure(valuesIn(results.scores, { dataset: VALIDATION, metric: "rouge_l" }), scan, {
          ...{ axis: "peak learning rate", unit: "rate", y: "ROUGE-L (%)" },
        }),
      },
    };
  },
});

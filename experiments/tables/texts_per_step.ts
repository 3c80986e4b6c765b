/**
 * Question: how much of what a method gains is the number of texts that it reads at each step?
 *
 * Source: this project. Every other table gives each row the same number.
 * Command: `deno task reproduce texts_per_step`.
 * Result: results/<profile>/texts_per_step/{scores,items,curves}.csv, table.md, held_out.md, scan.svg.
 */
import { METHODS } from "#experiments/methods/registry.ts";
import { AVERAGE_ROUGE, heldOutTable, scoreTables } from "#experiments/reports/instruction_report.ts";
import { scanFigure } from "#experiments/reports/scan_report.ts";
import { valuesIn } from "#experiments/reports/score_figures.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { scanRows } from "./scan_rows.ts";

const { sft_continued, gkd, abkd, ammd } = METHODS;
const SUBJECTS = { sft_continued, gkd, abkd, ammd };

const { scan: SCAN, methods: ROWS } = scanRows(SUBJECTS, ["8", "16", "32"], {
  joint: "_texts_",
  words: (texts) => `${texts} texts`,
  recipe: (textsPerStep) => ({ textsPerStep }),
});

export const textsPerStep = instructionExperiment({
  name: "texts_per_step",
  source: "this project",
  description: "students that read 8, 16 or 32 texts at each step, whatever their sources",
  methods: ROWS,
  report(results) {
    const methods = Object.keys(ROWS);
    const about = `Texts a step, profile ${results.profile}`;
    const scan = { caption: `ROUGE-L, average over the sets (${about})`, rows: SCAN, display: SUBJECTS };
    return {
      tables: {
        ...scoreTables(results, { caption: about, methods, baseline: "sft_continued_texts_16" }),
        held_out: heldOutTable(results, { caption: `${about}: held-out prompts at the end`, methods }),
      },
      figures: {
        scan: scanFigure(valuesIn(results.scores, AVERAGE_ROUGE), scan, {
          ...{ axis: "texts a step", unit: "texts", y: "ROUGE-L (%)" },
        }),
      },
    };
  },
});

/** An experiment that scans the learning rate of some methods on validation prompts; the evaluation sets are not read. */
import { heldOutTable } from "#experiments/reports/instruction_report.ts";
import { scanFigure, scanTable } from "#experiments/reports/scan_report.ts";
import { valuesIn } from "#experiments/reports/score_figures.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { scanRows } from "./scan_rows.ts";

const VALIDATION = "validation";

export interface RateScan extends Pick<Experiment, "name" | "description" | "onlyWhenNamed"> {
  readonly subjects: Readonly<Record<string, RegisteredMethod>>;
  /** As a person writes them: `2e-3`. */
  readonly rates: readonly string[];
}

export function rateScan({ subjects, rates, ...experiment }: RateScan): Experiment {
  const { scan: rows, methods } = scanRows(subjects, rates, {
    joint: "_at_",
    words: (rate) => `rate ${rate}`,
    recipe: (learningRate) => ({ learningRate }),
  });
  return instructionExperiment({
    ...experiment,
    source: "this project",
    scoredOn: VALIDATION,
    methods,
    report(results) {
      const caption = `ROUGE-L on validation prompts by peak learning rate, profile ${results.profile}`;
      const scan = { caption, rows, display: subjects };
      return {
        tables: {
          table: scanTable(results, scan, VALIDATION),
          held_out: heldOutTable(results, {
            caption: `Learning rates, profile ${results.profile}: held-out prompts at the end`,
            methods: Object.keys(methods),
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
}

/**
 * Question: which learning rate should every row of the other tables have?
 *
 * Source: this project. One rate for all rows, chosen here on validation prompts; the evaluation sets are not read.
 * Command: `deno task reproduce learning_rates`.
 * Result: results/<profile>/learning_rates/{scores,items,curves}.csv, table.md, held_out.md, scan.svg.
 */
import { METHODS } from "#experiments/methods/registry.ts";
import { rateScan } from "./rate_scan.ts";

const { sft_continued, kd, gkd, abkd, ammd, ammd_learned } = METHODS;

export const learningRates = rateScan({
  name: "learning_rates",
  description: "ROUGE-L on validation prompts at four learning rates, by which that of all rows was chosen",
  subjects: { sft_continued, kd, gkd, abkd, ammd, ammd_learned },
  rates: ["5e-4", "1e-3", "2e-3", "4e-3"],
});

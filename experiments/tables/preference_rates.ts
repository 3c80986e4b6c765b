/**
 * Question: which learning rate should each method have that learns from preference pairs?
 *
 * Source: this project. Each is to have the best of its four on validation prompts; the evaluation sets are not read. The rates
 * of `tiny` are those that trials of one seed found.
 * Losses of pairs, policy gradients and moments take rates of different sizes.
 * Command: `deno task reproduce preference_rates`.
 * Result: results/<profile>/preference_rates/{scores,items,curves}.csv, table.md, held_out.md, scan.svg. Not recorded yet.
 */
import { PREFERENCE_METHODS } from "#experiments/methods/registry.ts";
import { rateScan } from "./rate_scan.ts";

const { dpo, plad, reward_mle, pbkd_offline, mm_pbkd_offline } = PREFERENCE_METHODS;

export const preferenceRates = rateScan({
  name: "preference_rates",
  description:
    "ROUGE-L on validation prompts at four learning rates, by which those of the methods that learn from pairs were chosen",
  onlyWhenNamed: true,
  subjects: { dpo, plad, reward_mle, pbkd_offline, mm_pbkd_offline },
  rates: ["5e-5", "2e-4", "5e-4", "2e-3"],
});

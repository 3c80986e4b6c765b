/**
 * Question: does a confidence set between its two ends help: the reward of maximum likelihood alone (slack 0), and any reward whatever the
 * preferences (slack ∞)?
 *
 * Source: PbKD (Jia 2025), R(D); slack on the scale of a pair's mean log-likelihood and all of its values are this project's. A last row has
 * the slack of the profile and a reward of the last token alone.
 * Command: `deno task reproduce confidence_set`, best in one run with the two tables of preferences.
 * Result: results/<profile>/confidence_set/{scores,items,curves}.csv, table.md, held_out.md, rewards.md, average.svg, gain.svg, pbkd.svg,
 * mm_pbkd.svg.
 */
import { METHODS, PREFERENCE_METHODS } from "#experiments/methods/registry.ts";
import { curvesOf } from "#experiments/reports/instruction_report.ts";
import { preferenceReport, rewardTable } from "#experiments/reports/preference_report.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { type Method, variantOf } from "#lib/bench/method.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";

const { sft_continued } = METHODS;
const { pbkd_offline, mm_pbkd_offline } = PREFERENCE_METHODS;

/** Slacks by the names of their rows; null is no set. */
const SLACKS: Readonly<Record<string, number | null>> = {
  "0": 0,
  "0.01": 0.01,
  "0.05": 0.05,
  "0.2": 0.2,
  infinite: null,
};

type Looks = Pick<Method, "summary" | "label">;

/** A row for each slack. */
function slackRows(
  name: string,
  label: string,
  withSlack: (slackPerPair: number | null, looks: Looks) => RegisteredMethod,
): Record<string, RegisteredMethod> {
  return Object.fromEntries(
    Object.entries(SLACKS).map(([slack, slackPerPair]) => {
      const words = slackPerPair === null ? "slack ∞" : `slack ${slackPerPair}`;
      const row = withSlack(slackPerPair, { label: `${label}, ${words}`, summary: `${name}_offline, ${words}` });
      return [`${name}_slack_${slack}`, row];
    }),
  );
}

const PBKD = slackRows(
  "pbkd",
  "PbKD",
  (slackPerPair, looks) => ({ ...pbkd_offline, ...variantOf(pbkd_offline, { slackPerPair }, looks) }),
);
const MM_PBKD = slackRows(
  "mm_pbkd",
  "MM PbKD",
  (slackPerPair, looks) => ({ ...mm_pbkd_offline, ...variantOf(mm_pbkd_offline, { slackPerPair }, looks) }),
);
const LAST_TOKEN = {
  ...pbkd_offline,
  ...variantOf(pbkd_offline, { rewarded: "lastToken" }, {
    ...{ label: "PbKD, reward of the last token", summary: "pbkd_offline with a reward of the last token alone" },
  }),
};

const ROWS = { sft_continued, ...PBKD, ...MM_PBKD, pbkd_last_token: LAST_TOKEN };

export const confidenceSet = instructionExperiment({
  name: "confidence_set",
  source: "PbKD, confidence set",
  description: "how far a reward may leave the one that preference pairs make likeliest",
  methods: ROWS,
  report(results) {
    const methods = Object.keys(ROWS);
    const caption = `Slack of the confidence set, profile ${results.profile}`;
    const training = (rows: Readonly<Record<string, RegisteredMethod>>) =>
      curvesOf(results, "Confidence sets while training", ["sft_continued", ...Object.keys(rows)], [
        ...["validation_rouge_l", "validation_response_tokens", "reward_accuracy", "violation", "multiplier"],
      ]);
    return preferenceReport(results, { caption, methods }, {
      tables: {
        rewards: rewardTable(results, {
          caption: `${caption}: rewards`,
          methods: methods.slice(1),
          legend: ["A reward of slack 0 stays as it was fitted and has no multiplier; one of slack ∞ takes no pairs."],
        }),
      },
      figures: { pbkd: training(PBKD), mm_pbkd: training(MM_PBKD) },
    });
  },
});

/**
 * Question: which of the choices that the paper leaves open matter where critics learn? Each row changes one of them.
 *
 * Source: AMMD (Jia 2024), Algorithm 1; the choices are this project's (docs/methods.md).
 * Command: `deno task reproduce ablations`.
 * Result: results/<profile>/ablations/{scores,items,curves}.csv, table.md, held_out.md, average.svg, gain.svg, collapse.svg, inner_steps.svg, warm_up.svg.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { type Changes, variantOf } from "#lib/bench/method.ts";
import type { AmmdSettings } from "#experiments/methods/ammd.ts";
import {
  averageFigure,
  curvesOf,
  gainFigure,
  heldOutTable,
  scoreTables,
} from "#experiments/reports/instruction_report.ts";
import { METHODS } from "#experiments/methods/registry.ts";

/** Rows beside `ammd_learned` itself: what they change, and the label that says so. */
const CHANGES: Readonly<Record<string, readonly [label: string, change: Changes<AmmdSettings>]>> = {
  inner_steps_2: ["K = 2 critic steps", { criticSteps: 2 }],
  inner_steps_5: ["K = 5 critic steps", { criticSteps: 5 }],
  slow_critics: ["critics 4 times as fast as the student", { criticLearningRateFactor: 4 }],
  no_warm_up: ["no critic warm-up", { criticWarmupSteps: 0 }],
  features_student: ["features of the student only", { features: "student" }],
  features_teacher: ["features of the teacher only", { features: "teacher" }],
  head_mlp: ["critics with a hidden layer", { head: "mlp" }],
  bound_none: ["unbounded critics", { bound: "none" }],
  moments_sampled: ["sampled moments", { moments: "sampled" }],
  reward_to_go: ["reward to go", { horizon: "rewardToGo" }],
  reward_to_go_position_mean: ["reward to go, position mean", { horizon: "rewardToGo", baseline: "positionMean" }],
  reward_to_go_whitened: ["reward to go, whitened", { horizon: "rewardToGo", baseline: "whitened" }],
};

const METHOD_NAMES = ["sft_continued", "ammd", "ammd_learned", ...Object.keys(CHANGES)];

export const ablations = instructionExperiment({
  name: "ablations",
  source: "AMMD, Algorithm 1",
  description: "one choice of adversarial moment matching changed at a time",
  methods: {
    sft_continued: METHODS.sft_continued,
    ammd: METHODS.ammd,
    ammd_learned: METHODS.ammd_learned,
    ...Object.fromEntries(
      Object.entries(CHANGES).map(([name, [label, change]]) => [
        name,
        variantOf(METHODS.ammd_learned, change, { summary: `ammd_learned with ${label}`, label }),
      ]),
    ),
  },
  report(results) {
    const about = `Choices of adversarial moment matching, profile ${results.profile}`;
    const curves = (title: string, methods: readonly string[], measures: readonly string[]) =>
      curvesOf(results, title, ["ammd_learned", ...methods], measures);
    const horizons = ["reward_to_go", "reward_to_go_position_mean", "reward_to_go_whitened"];
    return {
      tables: {
        ...scoreTables(results, { caption: about, methods: METHOD_NAMES }),
        held_out: heldOutTable(results, {
          caption: `${about}: held-out prompts at the end`,
          methods: METHOD_NAMES,
        }),
      },
      figures: {
        average: averageFigure(results, METHOD_NAMES),
        gain: gainFigure(results, METHOD_NAMES),
        collapse: curves("Whole policy gradient", horizons, [
          "validation_response_tokens",
          "validation_entropy_on",
          "validation_rouge_l",
        ]),
        inner_steps: curves("Critic steps for each student step", ["inner_steps_2", "inner_steps_5"], [
          "validation_rouge_l",
          "validation_two_tv_on",
        ]),
        warm_up: curves("Critic warm-up", ["no_warm_up"], ["validation_rouge_l", "validation_d_on"]),
      },
    };
  },
});

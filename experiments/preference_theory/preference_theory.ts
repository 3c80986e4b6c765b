/**
 * Question: do the identities of PbKD hold, and how fast do sub-optimality, regret and the recovered reward get better with pairs, where all
 * of this can be computed exactly?
 *
 * Source: Preference-based distillation (PbKD), of which the abstract and summaries are public: the game
 * π̂ = argmin_π max_{r ∈ R(D)} J(π*, r) − J(π, r), its confidence set of rewards, and the rates O(√(log(N/δ)/N)) of offline
 * sub-optimality and O(√(T log T log(T/δ))) of online regret. docs/preference_theory.md has the equations and what is found.
 *
 * The texts are those of T tokens from V words in answer to a few prompts, few enough to enumerate; rewards are linear in features of
 * tokens. A seed is a problem: a preferred reward, and a teacher and a student that follow another one near it. A method is a learner, or
 * what else is measured.
 *
 * Command: `deno task reproduce preference_theory`; it needs no GPU.
 * Result: results/<profile>/preference_theory/{scores,curves}.csv, tables and figures.
 */
import type { Experiment, ExperimentRun } from "#lib/bench/experiment.ts";
import { LEARNERS } from "./learners.ts";
import { measureLearner } from "./measures.ts";
import { report } from "./report.ts";
import { PREFERENCE_THEORY } from "./settings.ts";

export const preferenceTheory: Experiment = {
  name: "preference_theory",
  source: "PbKD, identities and rates",
  description: "PbKD's identities, rates and recovered rewards, on problems small enough to enumerate",
  sections: [PREFERENCE_THEORY],
  methods: LEARNERS.map(({ name, summary, label }) => ({
    name,
    summary,
    label,
    making: (profile) => ({
      run: `preference theory: ${name}`,
      settings: { preferenceTheory: PREFERENCE_THEORY.of(profile) },
      numerics: { "experiment preference_theory": 1 },
    }),
  })),
  open({ profile }): Promise<ExperimentRun> {
    return Promise.resolve({
      cell: (method, seed) => Promise.resolve(measureLearner(PREFERENCE_THEORY.of(profile), method, seed)),
      description: { preference_theory: "rewards and policies drawn from the seed" },
    });
  },
  report,
};

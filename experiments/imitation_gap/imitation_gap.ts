/**
 * Question: are AMMD's moments the imitation gap, and do its critics find bounds of it, where all of this can be computed exactly?
 *
 * Source: AMMD (Jia 2024), Propositions 1 and 2, Corollary 1. With U_off and U_on as in lib/objectives/moment_matching.ts and the Q of
 * one policy each, the gap is either moment, and so it is bounded by the supremum over every f that is as bounded as Q:
 *
 *     J(π*) − J(π_θ) = E_{τ~π*} U_off(τ, Q^π_θ) ≤ sup |Q^π_θ| · sup_{|f| ≤ 1} E_{τ~π*} U_off(τ, f)
 *                    = E_{τ~π_θ} U_on(τ, Q^π*)  ≤ sup |Q^π*|  · sup_{|f| ≤ 1} E_{τ~π_θ} U_on(τ, f)
 *
 * where either supremum is E Σ_t γ^(t−1) 2·TV(π*, π_θ), reached by f = sign(π* − π_θ) and approached by a critic in training. Every
 * table is the Q of some reward, so there is a reward of the same sup |Q| whose gap is the bound: no bound for all rewards is smaller.
 *
 * Beside the critic in training stands one that learns nothing, tanh(c (log π* − log π_θ)), whose moment is within E Σ γ^(t−1) / (e c) of
 * the supremum (docs/moment_matching.md).
 *
 * The texts are those of T tokens from V words, few enough to enumerate. A seed is a problem: a reward for every prefix and next
 * word, from N(0, 1), a teacher that prefers what pays, and a policy that has to do with neither. A method is a student, on the line
 * through these two in logits.
 *
 * Command: `deno task reproduce imitation_gap`, half a minute on 2 cores with lavapipe.
 * Result: results/<profile>/imitation_gap/{scores,curves}.csv, table.md, bounds.svg. For `tiny`, means over three problems: for the
 * unrelated policy (distance 1) the gap is 2.17, its bounds are 7.45 (off-policy) and 9.83 (on-policy); critics find 99.7 % of them.
 */
import type { Experiment, ExperimentRun } from "#lib/bench/experiment.ts";
import { NUMERICS } from "#lib/bench/numerics.ts";
import { measureStudent } from "./measures.ts";
import { IMITATION_GAP } from "./settings.ts";
import { report } from "./report.ts";
import { STUDENTS } from "./students.ts";

export const imitationGap: Experiment = {
  name: "imitation_gap",
  source: "AMMD, Propositions 1 and 2, Corollary 1",
  description: "the imitation gap, the moments that equal it and their bounds, on problems small enough to enumerate",
  sections: [IMITATION_GAP],
  methods: STUDENTS.map(({ name, summary, distance }) => ({
    name,
    summary,
    label: `Distance ${distance}`,
    making: (profile) => ({
      run: `imitation gap: ${name}`,
      settings: { imitationGap: IMITATION_GAP.of(profile), distance },
      numerics: { ...NUMERICS, "experiment imitation_gap": 2 },
    }),
  })),
  open({ gpu, profile }): Promise<ExperimentRun> {
    return Promise.resolve({
      cell: (method, seed) => measureStudent({ gpu, settings: IMITATION_GAP.of(profile), method, seed }),
      description: { imitation_gap: "rewards and policies drawn from the seed" },
    });
  },
  report,
};

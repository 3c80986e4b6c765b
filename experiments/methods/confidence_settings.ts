import { z } from "zod";
import type { StudentRun } from "#lib/bench/method.ts";
import { PairRounds } from "#lib/bench/pair_rounds.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { optimizerOf } from "#lib/bench/recipe.ts";
import { count, positive } from "#lib/bench/setting_schemas.ts";
import type { MethodNeeds } from "#lib/memory/needs.ts";
import type { PairBatch } from "#lib/objectives/preference/pair_batch.ts";
import { HeldReward, type PairReward } from "#lib/training/held_reward.ts";

/** Settings of the rewards of PbKD, black box and white; the values of all of them are this project's. */
export const CONFIDENCE = {
  slackPerPair: z.number().min(0).nullable().default(0.05)
    .describe(
      "of the confidence set, in nats of the mean log-likelihood: 2 zeta / N of the paper's zeta; " +
        "0 leaves the reward of maximum likelihood, null takes no pairs at all",
    ),
  multiplierRate: positive.default(10).describe("how far the multiplier moves per nat outside the set, or inside"),
  fit: z.strictObject({
    steps: count.default(300).describe("at most"),
    learningRate: positive.default(0.005).describe("of the reward"),
    lookEvery: count.default(10).describe("steps between looks at the held-out pairs"),
    patience: count.default(5).describe("looks in a row that find nothing better, after which it ends"),
  }).prefault({}).describe("of the reward of maximum likelihood, at the beginning of each round of pairs"),
};

export interface ConfidenceMethod {
  readonly slackPerPair: number | null;
  readonly multiplierRate: number;
  readonly fit: { steps: number; learningRate: number; lookEvery: number; patience: number };
  readonly online: boolean;
}

/** The pairs whose states a run keeps, as one of the models sees them; none where no pairs are taken. */
export function heldPairs(
  { slackPerPair }: Pick<ConfidenceMethod, "slackPerPair">,
  profile: Profile,
  states: "student" | "teacher",
): MethodNeeds["pairs"] {
  return slackPerPair === null ? undefined : { count: PREFERENCES.of(profile).pairs, states };
}

/** A reward held by the pairs of a run, and what makes it so at the beginning of each round; neither where no pairs are taken. */
export interface PairHold<Batch extends PairBatch> extends Disposable {
  readonly held?: HeldReward<Batch>;
  readonly onRound?: (step: number) => Promise<void>;
}

/**
 * Fits a reward to the pairs of a run at the beginning of each of their rounds, and holds it in their confidence set from then on. What the
 * fits come to is logged. Pairs and confidence set are kept in the run's checkpoint.
 */
export function holdByPairs<Batch extends PairBatch>(
  run: StudentRun,
  reward: PairReward<Batch>,
  { slackPerPair, multiplierRate, fit, online }: ConfidenceMethod,
): PairHold<Batch> {
  if (slackPerPair === null) return { [Symbol.dispose]() {} };
  const { bench, log, checkpoint } = run;
  const { heldOutShare } = PREFERENCES.of(run.profile);
  // The likelihood is that of all pairs, so that no batches of them are drawn.
  const rounds = new PairRounds(run, { online, heldOutShare, batchSize: 1 });
  const { betas } = optimizerOf(bench.profile);
  const held = new HeldReward(bench.gpu, {
    reward,
    pairs: () => rounds.data,
    settings: { slackPerPair, multiplierRate },
    fit: { ...fit, betas: [betas[0], betas[1]] },
  });
  checkpoint?.keep("confidence set", held);
  return {
    held,
    async onRound(step) {
      const playerStep = Math.max(1, step);
      if (!await rounds.reach(playerStep)) return;
      const tell = bench.progressOf("the reward is fitted to the pairs", "step");
      const { steps, maxLogLikelihood, heldOutLogLikelihood, heldOutAccuracy } = await held.refit((done) => {
        bench.stop.throwIfAborted();
        tell(done, fit.steps);
      });
      log.set(playerStep, "fit_steps", steps);
      log.set(playerStep, "max_log_likelihood", maxLogLikelihood);
      log.set(playerStep, "held_out_log_likelihood", heldOutLogLikelihood);
      log.set(playerStep, "held_out_accuracy", heldOutAccuracy);
    },
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}
